/** Checks an agent's code without running any of it. */
import { type Language, readingOf } from "../../protocol/language.ts";
import { findDeno } from "../../protocol/deno_executable.ts";
import { SpecifierError } from "../../protocol/packages/specifiers.ts";
import { checkPython, NOT_CHECKED, type PythonReport } from "./check_python.ts";
import { checkTypes } from "./check_types.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { foreignImports } from "./foreign_imports.ts";
import { type PermissionHint, permissionHints } from "./permissions.ts";

/** What to check. */
export interface Checked {
  readonly code: string;
  /** The packages that it may import, as in a spawn config. */
  readonly install: readonly string[];
  /** `undefined`: detected from the code, as a node does. */
  readonly language: Language | undefined;
}

export interface CheckReport {
  readonly language: "python" | "typescript";
  /** Errors from the compiler and from the check of the imports. */
  readonly problems: readonly string[];
  /** Not mistakes, but worth knowing. */
  readonly notes: readonly string[];
  readonly functions: readonly string[];
  /** As far as the text shows: computed hosts and paths are not found. */
  readonly needs: readonly PermissionHint[];
  /** What was not checked. */
  readonly not_checked?: string;
}

/** Includes the time to fetch an interpreter or types. */
const TIMEOUT_MS = 60_000;

/** Reads the code in the language that a node would detect. */
export async function checkAgent(checked: Checked, signal: AbortSignal): Promise<CheckReport> {
  const reading = readingOf(checked);
  if (reading === "typescript") return (await typescriptReport(checked, signal)).report;
  const python = await pythonReport(checked, signal);
  if (reading === "python" || python.readsAs === "python") return python.report;
  const typescript = await typescriptReport(checked, signal);
  if (typescript.parses) return typescript.report;
  if (python.readsAs === "names") return python.report;
  const [asPython, asTypeScript] = [python.report, typescript.report].map(({ problems }) => problems[0]);
  const neither =
    `It is neither Python nor TypeScript. As Python: ${asPython}. As TypeScript: ${asTypeScript}`;
  return { ...python.report, problems: [neither] };
}

async function pythonReport(
  { code, install }: Checked,
  signal: AbortSignal,
): Promise<{ readonly readsAs: PythonReport["readsAs"]; readonly report: CheckReport }> {
  const common = { language: "python", not_checked: NOT_CHECKED } as const;
  try {
    const env = Deno.env.toObject();
    const deno = await findDeno(undefined, env["PATH"] ?? "");
    const looking = { deno, env, signal: withTimeout(signal), onFetch: () => {} };
    const { readsAs, diagnostics, notes, functions, needs } = await checkPython(code, install, looking);
    const problems = diagnostics.map(inWords);
    return { readsAs, report: { ...common, problems, notes, functions, needs } };
  } catch (error) {
    signal.throwIfAborted();
    const problems = [`It cannot be checked here: ${(error as Error).message}`];
    return { readsAs: "", report: { ...common, problems, notes: [], functions: [], needs: [] } };
  }
}

interface TypeScriptReport {
  readonly parses: boolean;
  readonly report: CheckReport;
}

async function typescriptReport(
  { code, install, language }: Checked,
  signal: AbortSignal,
): Promise<TypeScriptReport> {
  const foreign = foreignImports(code, install);
  const nothing = { notes: [], functions: [] };
  const report = (found: Pick<CheckReport, "problems" | "notes" | "functions">, parses: boolean) => {
    const whole = { language: "typescript" as const, ...found, needs: permissionHints(code) };
    return { parses, report: whole };
  };
  if (foreign.length > 0) {
    const problems = foreign.map((name) =>
      `An agent cannot import '${name}': only packages of install, and node:`
    );
    return report({ ...nothing, problems }, false);
  }
  try {
    const found = await checkTypes(language === "javascript" ? "agent.js" : "agent.ts", code, {
      deno: await findDeno(undefined, Deno.env.get("PATH") ?? ""),
      install,
      signal: withTimeout(signal),
    });
    return report({ ...found, problems: found.problems.map(inWords) }, found.parses);
  } catch (error) {
    if (!(error instanceof SpecifierError)) signal.throwIfAborted();
    return report({ ...nothing, problems: [(error as Error).message] }, false);
  }
}

function withTimeout(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
}

function inWords({ code, message, line, column }: Diagnostic): string {
  const place = line === undefined ? "" : `line ${line}:${column}: `;
  return `${place}${code === undefined ? "" : `${code} `}${message}`;
}
