/** The plan of the house: who may import whom. ARCHITECTURE.md says it in words; this test holds it. */
import { assertEquals } from "@std/assert";
import { dirname, join, relative } from "@std/path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What the files of a folder may import beside the folder itself. */
const LAYERS: Record<string, readonly string[]> = {
  protocol: [],
  agents: ["protocol"],
  runner: ["protocol", "agents"],
  operator: ["protocol", "agents"],
};

/** The operator's files that start a node or its broker, write its command line, or judge its policy as it does. */
const IMPORT_RUNNER = new Set([
  "operator/author/python/look.ts",
  "operator/ctl/author/dev_node.ts",
  "operator/ctl/commands/policy.ts",
  "operator/dashboard/main.ts",
  "operator/deploy/options.ts",
  "operator/deploy/run.ts",
  "operator/deploy/wish.ts",
]);

const IMPORT = /(?:\bfrom\s*|\bimport\s*|\bimport\(\s*)"(\.{1,2}\/[^"]+\.(?:tsx?|js))"/g;

const COMMENT_LINE = /^\s*(?:\*|\/\/).*$/gm;

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

async function importsByFile(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const layer of Object.keys(LAYERS)) {
    for await (const path of sources(layer)) {
      const text = (await Deno.readTextFile(join(ROOT, path))).replace(COMMENT_LINE, "");
      const targets = [...text.matchAll(IMPORT)].map(([, to = ""]) =>
        relative(ROOT, join(ROOT, dirname(path), to))
      );
      found.set(path, targets);
    }
  }
  return found;
}

const layerOf = (path: string) => path.split("/")[0] ?? "";

/** Files that can be reached from themselves. */
function circles(imports: Map<string, string[]>): string[] {
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  const found: string[] = [];
  const visit = (path: string) => {
    if (state.get(path) === "open") found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (state.has(path)) return;
    state.set(path, "open");
    trail.push(path);
    (imports.get(path) ?? []).forEach(visit);
    trail.pop();
    state.set(path, "done");
  };
  [...imports.keys()].forEach(visit);
  return found;
}

Deno.test("imports point one way: operator and runner to agents and protocol, agents to protocol", async () => {
  const wrong: string[] = [];
  for (const [path, targets] of await importsByFile()) {
    const layer = layerOf(path);
    for (const target of targets) {
      const to = layerOf(target);
      if (to === layer || LAYERS[layer]?.includes(to)) continue;
      if (to === "runner" && IMPORT_RUNNER.has(path)) continue;
      wrong.push(`${path} imports ${target}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("only the files named here import the runner, and each of them does", async () => {
  const imports = await importsByFile();
  const idle = [...IMPORT_RUNNER].filter((path) =>
    !imports.get(path)?.some((target) => layerOf(target) === "runner")
  );
  assertEquals(idle, []);
});

Deno.test("no file imports itself by way of others", async () => {
  assertEquals(circles(await importsByFile()), []);
});

Deno.test("the search for circles finds one", () => {
  assertEquals(circles(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]])), ["b -> c -> b"]);
});
