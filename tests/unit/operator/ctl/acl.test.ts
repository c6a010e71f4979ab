import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { aclFile } from "../../../../operator/acl_rules.ts";

const PAGE = await Deno.readTextFile(new URL("../../../../docs/security.md", import.meta.url));
const DEFAULTS = {
  operators: ["operator"],
  agents: ["agents"],
  homeAssistant: [],
  prefix: "homeassistant",
  data: ["sensors/#"],
};

Deno.test("docs/security.md shows what the generator prints, word for word", () => {
  const title = "# /etc/mosquitto/agentflow/acl\n\n";
  const start = PAGE.indexOf(`\`\`\`conf\n${title}`);
  const shown = PAGE.slice(start).split("```")[1]?.slice(`conf\n${title}`.length);
  assertEquals(shown, aclFile({ ...DEFAULTS, nodes: ["edge-1"], migrate: true }));
});

Deno.test("without --migrate no node may write another node's topics, but for answers", () => {
  const acl = aclFile({ ...DEFAULTS, nodes: ["edge-1", "edge-2"], migrate: false });
  const [first = "", second = ""] = acl.split("\n\n");
  assertEquals(first.split("\n").filter((line) => /nodes\//.test(line)), [
    "topic readwrite nodes/edge-1/#",
    "topic read nodes/all/list",
    "topic write nodes/+/reply/+",
  ]);
  assertStringIncludes(second, "user edge-2\n");
});

Deno.test("docs/home-assistant.md shows what --home-assistant adds, word for word", async () => {
  const page = await Deno.readTextFile(new URL("../../../../docs/home-assistant.md", import.meta.url));
  const request = { ...DEFAULTS, nodes: ["attic"], migrate: false };
  const plain = aclFile(request).split("\n");
  const [others = "", own = ""] = aclFile({ ...request, homeAssistant: ["ha"] }).split(
    /(?=# Home Assistant: )/,
  );
  const added = others.split("\n").filter((line) => !plain.includes(line));
  const [, shown = ""] = /```conf\n([^`]*)```/.exec(page) ?? [];
  const isTitle = (line: string) => line === "" || line.startsWith("# In ");
  assertEquals(shown.split("\n").filter((line) => !isTitle(line)), [...added, ...own.trim().split("\n")]);
});

const CTL = fileURLToPath(new URL("../../../../operator/ctl/main.ts", import.meta.url));

async function run(...args: string[]): Promise<[code: number, out: string, err: string]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", CTL, "acl", ...args],
  }).output();
  return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
}

Deno.test("the command prints the file", async () => {
  const nodes = ["a", "b"];
  const [code, out] = await run(
    "--node",
    "a",
    "--node",
    "b",
    "--operator",
    "boss",
    "--data",
    "home/#",
    "--data",
    "x",
  );
  assertEquals(code, 0);
  assertEquals(
    out,
    aclFile({ ...DEFAULTS, nodes, operators: ["boss"], data: ["home/#", "x"], migrate: false }),
  );
});

Deno.test("a name or a filter that would give away more than it says is refused: exit 2", async () => {
  for (
    const [args, expected] of [
      [[], "--node is missing"],
      [["--node", "a b"], "--node must be"],
      [["--node", "a", "--data", "#"], "holds topics that command nodes"],
      [["--node", "a", "--data", "+/spawn"], "holds topics that command nodes"],
      [["--node", "a", "--data", "nodes/#"], "holds topics that command nodes"],
      [["--node", "a", "--data", "main/#"], "holds topics that command nodes"],
      [["--node", "a", "--data", "a/#"], "holds the detections of node 'a'"],
      [["--node", "a", "--data", "x#"], "--data 'x#': "],
      [["--node", "a", "--operator", "x\ntopic #"], "cannot be a user name"],
      [["--node", "a", "--operator", "a"], "the user 'a' cannot be two of"],
      [["--node", "a", "--home-assistant", "a"], "the user 'a' cannot be two of"],
      [
        ["--node", "a", "--home-assistant", "ha", "--prefix", "nodes/x"],
        "--prefix must be the discovery prefix",
      ],
      [["--node", "a", "--home-assistant", "ha", "--data", "homeassistant/#"], "announce to Home Assistant"],
      [["--what"], "unknown option '--what'"],
    ] as const
  ) {
    const [code, out, err] = await run(...args);
    assertEquals([code, out], [2, ""], err);
    assertStringIncludes(err, "agentflow: ");
    assertStringIncludes(err, expected);
  }
});
