/** Lets the CPython that nodes use inspect an agent's code, in a sandbox and without running any of it. */
import { readNpmrc } from "../../../protocol/packages/npmrc.ts";
import { dirname, join } from "@std/path";
import { pathToFileURL } from "node:url";
import { defaultWorkDir } from "../../../runner/config.ts";
import { helperFlags } from "../../../runner/process/helper_flags.ts";
import { fetchEnv } from "../../../protocol/packages/env.ts";
import { systemClock } from "../../../runner/clock.ts";
import { InstallGuard } from "../../../runner/install/install_guard.ts";
import { findWrappers } from "../../../runner/process/wrapper.ts";
import { type Interpreter, InterpreterStore } from "../../../runner/install/python/interpreter.ts";
import { writePythonHarness } from "../../../runner/process/harness_files.ts";
import type { Diagnostic } from "../diagnostics.ts";
import inspect from "./inspect.ts" with { type: "text" };
import look from "./look.py" with { type: "text" };

/** What the inspection finds. Lines and columns from 1. */
export interface PythonLook {
  /** `""`: it does not parse; `names`: it parses, but uses undefined names. */
  readonly reads_as: "" | "names" | "python";
  readonly problems: readonly Diagnostic[];
  readonly notes: readonly string[];
  readonly functions: readonly string[];
  /** Names that the top level defines or imports. */
  readonly names: readonly string[];
  readonly imported: readonly string[];
  /** Imports from outside the standard library; `guarded`: the code may do without the module. */
  readonly imports: readonly {
    /** The first part of `path`. */
    readonly module: string;
    readonly path: string;
    readonly guarded: boolean;
    readonly line: number;
    readonly column: number;
  }[];
  /** Calls that leave Python, written as in JavaScript. */
  readonly calls: readonly { readonly text: string; readonly line: number }[];
}

export interface LookOptions {
  /** The Deno executable. */
  readonly deno: string;
  /** Where the interpreter is kept and fetched from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Called when the interpreter has to be fetched first. */
  readonly onFetch: () => void;
}

/** The findings, and the location of the interpreter that made them. */
export interface Looked {
  readonly seen: PythonLook;
  readonly interpreter: Interpreter;
}

const NOTHING: Omit<PythonLook, "reads_as" | "problems"> = {
  notes: [],
  functions: [],
  names: [],
  imported: [],
  imports: [],
  calls: [],
};

/**
 * @throws InstallError when the interpreter is not available
 * @throws Error when the inspection fails
 */
export async function lookAtPython(code: string, options: LookOptions): Promise<Looked> {
  const { deno, env, signal, onFetch } = options;
  const workDir = defaultWorkDir(env);
  const guard = new InstallGuard({
    clock: systemClock,
    wrappers: () => findWrappers({ deno, workDir, walls: false }),
  });
  const store = new InterpreterStore({
    deno,
    dir: join(workDir, "python"),
    env: fetchEnv(env, readNpmrc(env)),
    guard,
  });
  const harness = await writePythonHarness(workDir);
  const interpreter = await store.ready(harness, onFetch, signal);
  const folder = await Deno.makeTempDir({ prefix: "agentflow-check-" });
  try {
    const entry = join(folder, "inspect.ts");
    await Deno.writeTextFile(entry, inspect);
    // The folder of `agents/harness/python` and the files that it shares with the other harness.
    const tree = dirname(dirname(dirname(dirname(harness.entry))));
    const module = pathToFileURL(join(dirname(harness.entry), "interpreter.ts")).href;
    const args = [
      ...helperFlags({ read: [interpreter.dir, tree] }),
      entry,
      module,
      interpreter.dir,
      interpreter.snapshot,
    ];
    const output = await run(deno, args, join(folder, "cache"), JSON.stringify({ look, code }), signal);
    const seen = { ...NOTHING, ...JSON.parse(output, (_key, value) => value ?? undefined) as PythonLook };
    return { seen, interpreter };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(
  deno: string,
  args: readonly string[],
  denoDir: string,
  input: string,
  signal: AbortSignal,
): Promise<string> {
  const child = new Deno.Command(deno, {
    args: [...args],
    env: { DENO_DIR: denoDir, DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const writer = child.stdin.getWriter();
  const text = new TextDecoder();
  // A process that ends without reading all its input reports the reason itself.
  const written = writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), written]);
  signal.throwIfAborted();
  if (!success) throw new Error(`Python cannot look at it: ${text.decode(stderr).trim().slice(0, 800)}`);
  return text.decode(stdout);
}
