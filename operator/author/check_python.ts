/** Checks a Python agent with the interpreter that nodes use, without running any of it. */
import { join } from "@std/path";
import { InstallError } from "../../protocol/packages/install_error.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { verdictOnForm, verdictOnFunctions } from "./functions.ts";
import { type PermissionHint, permissionHints } from "./permissions.ts";
import { lookAtPython, type LookOptions, type PythonLook } from "./python/look.ts";
import { judgeImports, type KnownPackages } from "./python/packages.ts";

/** What a check of Python code cannot find, for readers who see no problem reported. */
export const NOT_CHECKED =
  "types, values, and whether the packages of install can be had: only what its text shows by itself";

export interface PythonReport {
  readonly readsAs: PythonLook["reads_as"];
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly string[];
  readonly functions: readonly string[];
  readonly needs: readonly PermissionHint[];
  /** Packages that seem to be missing from `install`. */
  readonly missing: readonly string[];
}

/**
 * @param install as in a spawn config
 * @throws InstallError when the interpreter is not available
 */
export async function checkPython(
  code: string,
  install: readonly string[],
  options: LookOptions,
): Promise<PythonReport> {
  const { seen, interpreter } = await lookAtPython(code, options);
  const lock = await Deno.readTextFile(join(interpreter.dir, "pyodide-lock.json"));
  const { problems, notes, missing } = judge(seen, install, JSON.parse(lock) as KnownPackages);
  const names = { present: seen.names, imported: new Set(seen.imported) };
  const verdict = seen.reads_as === ""
    ? verdictOnForm(code, "python")
    : verdictOnFunctions(new Set(seen.functions), names);
  return {
    readsAs: seen.reads_as,
    diagnostics: [...problems, ...seen.problems, ...verdict.problems].sort((a, b) =>
      (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
    ),
    notes: [...new Set([...seen.notes, ...verdict.notes, ...notes])],
    functions: seen.functions,
    needs: seen.calls.flatMap(({ text, line }) => permissionHints(text).map((hint) => ({ ...hint, line }))),
    missing,
  };
}

function judge(
  { imports }: PythonLook,
  install: readonly string[],
  known: KnownPackages,
): {
  readonly problems: readonly Diagnostic[];
  readonly notes: readonly string[];
  readonly missing: readonly string[];
} {
  try {
    const verdict = judgeImports(imports, install, known);
    return {
      ...verdict,
      problems: verdict.problems.map((each) => ({ code: "ModuleNotFoundError", ...each })),
    };
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    const { message } = error;
    return {
      problems: [{ code: "install", message, line: undefined, column: undefined }],
      notes: [],
      missing: [],
    };
  }
}
