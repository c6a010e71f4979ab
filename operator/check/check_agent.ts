/** Type-checks an agent's code as its author would, with `deno check`: nothing of it runs. */
import { join } from "@std/path";
import types from "../../agents/types.d.ts" with { type: "text" };
import { type Scan, scanCode } from "./scan.ts";

export interface CheckReport {
  /** What the compiler, or a look at the imports, has against it. */
  readonly problems: readonly string[];
  /** What is no mistake, but should be known. */
  readonly notes: readonly string[];
  readonly functions: readonly string[];
  /** As far as the text shows: computed hosts and paths do not. */
  readonly needs: Scan["needs"];
}

const MAX_CHARS = 20_000;
const TIMEOUT_MS = 60_000;
/** Authors may leave the type of `agent` out; then it is put in, on the same line. */
const UNTYPED_AGENT =
  /(\bfunction\s+(?:setup|process|handle_task|handleTask)\s*\(\s*[A-Za-z_$][\w$]*)(\s*[,)])/g;

/** @param install packages that it may import by their bare names */
export async function checkAgent(
  code: string,
  install: readonly string[],
  signal: AbortSignal,
): Promise<CheckReport> {
  const { functions, imports, needs } = scanCode(code);
  const strange = imports.filter((name) => !isImportable(name, install));
  const problems = strange.map((name) =>
    `An agent cannot import '${name}': only packages of install, and node:`
  );
  // Not given to the compiler: it would read local files, and fetch what is elsewhere.
  if (strange.length === 0) problems.push(...await compile(code, install, signal));
  const notes = functions.length === 0
    ? ["It has none of setup, process, handle_task: it would do nothing after its top level"]
    : [];
  return { problems, notes, functions, needs };
}

function isImportable(name: string, install: readonly string[]): boolean {
  if (name.startsWith("node:") || /(^|\/)types\.d\.ts$/.test(name)) return true;
  return install.some((specifier) =>
    name === bareName(specifier) || name.startsWith(`${bareName(specifier)}/`)
  );
}

async function compile(code: string, install: readonly string[], signal: AbortSignal): Promise<string[]> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-check-" });
  try {
    const folder = join(dir, "agents");
    await Deno.mkdir(folder);
    const typed = code.replace(UNTYPED_AGENT, '$1: import("./types.d.ts").Agent$2');
    await Promise.all([
      Deno.writeTextFile(join(folder, "agent.ts"), typed),
      // Authors import it from beside the agent, or from the folder above.
      Deno.writeTextFile(join(folder, "types.d.ts"), types),
      Deno.writeTextFile(join(dir, "types.d.ts"), types),
      Deno.writeTextFile(join(dir, "deno.json"), configFor(install)),
    ]);
    const env = Object.fromEntries(
      ["HOME", "PATH", "DENO_DIR", "NPM_CONFIG_REGISTRY", "JSR_URL"].flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--no-lock", "--config", join(dir, "deno.json"), join(folder, "agent.ts")],
      env: { ...env, NO_COLOR: "1" },
      // No key of the operator's is any of its business.
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).output();
    if (success) return [];
    const text = new TextDecoder().decode(stderr).replaceAll(`file://${folder}/`, "").trim();
    return [text === "" ? "The check was broken off" : text.slice(0, MAX_CHARS)];
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function configFor(install: readonly string[]): string {
  const imports = install.flatMap((specifier) => {
    const full = /^[a-z]+:/.test(specifier) ? specifier : `npm:${specifier}`;
    const [registry = "npm", path = ""] = full.split(/:(.*)/s);
    return [[bareName(specifier), full], [`${bareName(specifier)}/`, `${registry}:/${path}/`]];
  });
  return JSON.stringify({
    imports: Object.fromEntries(imports),
    nodeModulesDir: "none",
    compilerOptions: { noImplicitAny: false },
  });
}

/** `npm:@scope/name@1` → `@scope/name` */
function bareName(specifier: string): string {
  return specifier.replace(/^[a-z]+:\/?/, "").replace(/(?<=.)@[^@/]*$/, "");
}
