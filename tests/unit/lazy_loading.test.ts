/** What is large is loaded only by those who use it: the runner starts without it, and so does each other command. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

interface Dependency {
  readonly code?: { readonly specifier?: string };
  readonly isDynamic?: boolean;
}
interface Graph {
  readonly roots: readonly string[];
  readonly modules: readonly { readonly specifier: string; readonly dependencies?: readonly Dependency[] }[];
}

const LARGE = /npm:\/?(?:ai|zod|@ai-sdk\/[^/]+|@modelcontextprotocol\/server)[@/]/;

/** Each command is one of the modules that this one imports when it is called. */
const LOADS_COMMANDS = /\/operator\/ctl\/command_table\.ts$/;

/** What is loaded before the first line of `main` runs; of the command line, with every command. */
async function loadedBy(main: string): Promise<string[]> {
  const path = fileURLToPath(new URL(`../../${main}`, import.meta.url));
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", path],
    stderr: "null",
  }).output();
  const graph: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const visit = (specifier: string) => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const { code, isDynamic } of modules.get(specifier)?.dependencies ?? []) {
      const isLoaded = isDynamic !== true || LOADS_COMMANDS.test(specifier);
      if (code?.specifier !== undefined && isLoaded) visit(code.specifier);
    }
  };
  graph.roots.forEach(visit);
  return [...loaded];
}

for (const main of ["runner/main.ts", "operator/ctl/main.ts", "operator/dashboard/main.ts"]) {
  Deno.test(`${main} starts without the libraries of chat and MCP`, async () => {
    const loaded = await loadedBy(main);
    assert(
      loaded.some((specifier) => specifier.includes("protocol/expected_error.ts")),
      "the graph was not read",
    );
    assertEquals(loaded.filter((specifier) => LARGE.test(specifier)), []);
  });
}

Deno.test("the MQTT library is loaded by a node, and by no command before it connects", async () => {
  const loadsIt = async (main: string) =>
    (await loadedBy(main)).some((specifier) => /^npm:\/?mqtt[@/]/.test(specifier));
  assertEquals([await loadsIt("runner/main.ts"), await loadsIt("operator/ctl/main.ts")], [true, false]);
});

/** An agent's process loads the harness before anything else: each module takes some 0.1 ms of its start. */
const MOST_HARNESS_MODULES = 24;
const MOST_HARNESS_BYTES = 96_000;

Deno.test("the harness loads little before it runs the agent", async () => {
  const loaded = (await loadedBy("agents/harness/main.ts")).map((specifier) => fileURLToPath(specifier));
  const sizes = await Promise.all(loaded.map(async (path) => (await Deno.stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const list = loaded.map((path, at) => `${sizes[at]} ${path}`).join("\n");
  assert(loaded.length <= MOST_HARNESS_MODULES, `${loaded.length} modules:\n${list}`);
  assert(bytes <= MOST_HARNESS_BYTES, `${bytes} bytes:\n${list}`);
  assertEquals(loaded.filter((path) => /source_text|spelling|language\.ts$/.test(path)), []);
});

Deno.test("the law above sees those libraries where they are", async () => {
  assert((await loadedBy("operator/mcp/http.ts")).some((specifier) => LARGE.test(specifier)));
  assert(
    (await loadedBy("operator/dashboard/server/chat/open_session.ts")).some((specifier) =>
      LARGE.test(specifier)
    ),
  );
  assert((await loadedBy("operator/chat/conversation.ts")).some((specifier) => LARGE.test(specifier)));
});
