/** The snippets of agent code: each runs on a node. Parts of an agent become the body of its setup(). */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bundleRunner } from "../../../operator/release/bundle.ts";
import { allSnippets, readDocument, type Snippet } from "../../support/documents.ts";
import { serveNpm } from "../../support/npm_registry.ts";
import { BOARD, withSys } from "../../support/made_up_sys.ts";
import { installPython } from "../../support/python.ts";
import { Stage } from "../../support/stage.ts";

const SNIPPETS = (await allSnippets()).filter(({ mark }) => mark.kind === "none");

/** The packages that snippets import, as far as they use them. */
const PACKAGES = [
  { name: "ms", version: "2.1.3", files: { "index.js": "module.exports = () => 1000;" } },
  { name: "lodash", version: "4.17.21", files: { "get.js": "module.exports = () => undefined;" } },
  {
    name: "mqtt",
    version: "5.0.0",
    files: { "index.js": "module.exports = { connectAsync: () => Promise.resolve({}) };" },
  },
];
/** The secret that they ask for. */
const SECRETS = { DB_PASSWORD: { value: "correct horse battery", agents: ["*"] } };
const PATIENCE_MS = 60_000;

/** A whole agent: a snippet without a function is what one would have in its setup(). Pure. */
function wholeAgent(text: string): string {
  if (/^(export )?(async )?function /m.test(text)) return text;
  const imports = text.match(/^import .*$/gm) ?? [];
  return `${imports.join("\n")}
export async function setup(agent) {
${text.replace(/^import .*$/gm, "")}
}`;
}

/** Runs each of the snippets. @throws AssertionError for one that fails, or says that something is wrong */
async function runAll(
  t: Deno.TestContext,
  stage: Stage,
  snippets: readonly Snippet[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  for (const { place, text, language } of snippets) {
    const fn = async () => {
      const code = language === "ts" ? wholeAgent(text) : text;
      const install = /^import .* from "[a-z](?!\w*:)/m.test(text) ? PACKAGES.map(({ name }) => name) : [];
      const config = {
        name: `agent-${place.replace(/\W+/g, "-")}`,
        code,
        install,
        poll_interval: 60,
        devices: { sensors: ["temperature"] },
      };
      const agent = await stage.launch({ ...config, ...more });
      const { json } = await stage.bus.find(
        `outcome of ${place}`,
        ({ topic, json }) =>
          topic === agent.topic("heartbeat") && ["running", "failed"].includes(json?.state),
        0,
        PATIENCE_MS,
      );
      assertEquals([json.state, agent.all("errors")], ["running", []]);
      await agent.press("stop");
    };
    await t.step({ name: place, fn, sanitizeOps: false, sanitizeResources: false });
  }
}

Deno.test("agents in TypeScript that the documents show run on a node", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-snippets-" });
  const [secrets, runner] = [join(folder, "secrets.json"), join(folder, "agentflow-node.js")];
  await Deno.writeTextFile(secrets, JSON.stringify(SECRETS), { mode: 0o600 });
  // Only a bundle needs nothing of the registry itself.
  await bundleRunner(runner);
  await withSys(BOARD, async ({ root }) => {
    await using registry = serveNpm(PACKAGES);
    await using stage = await Stage.set({
      main: runner,
      flags: ["--no-config"],
      args: ["--secrets", secrets, "--sys", root],
      env: { NPM_CONFIG_REGISTRY: registry.url },
    });
    await stage.spawn({ name: "calculator", code: await readDocument("agents/examples/calculator.ts") });
    const snippets = SNIPPETS.filter(({ language }) => language === "ts");
    await runAll(t, stage, snippets, { secrets: Object.keys(SECRETS) });
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("agents in Python that the documents show run on a node", async (t) => {
  await withSys(BOARD, async ({ root }) => {
    await using stage = await Stage.set({ args: ["--sys", root] });
    await installPython(stage);
    await runAll(t, stage, SNIPPETS.filter(({ language }) => language === "python"));
  });
});
