/** Looks at an agent's code as its author would, when somebody else has written it: nothing of it runs. */
import { findDeno } from "../../runner/deno_executable.ts";
import { SpecifierError } from "../../runner/install/specifiers.ts";
import { checkTypes } from "./check_types.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { foreignImports } from "./foreign_imports.ts";
import { agentFunctions, type PermissionHint, permissionHints } from "./permissions.ts";

export interface CheckReport {
  /** What the compiler, or a look at the imports, has against it. */
  readonly problems: readonly string[];
  /** What is no mistake, but should be known. */
  readonly notes: readonly string[];
  readonly functions: readonly string[];
  /** As far as the text shows: computed hosts and paths do not. */
  readonly needs: readonly PermissionHint[];
}

const TIMEOUT_MS = 60_000;

/** @param install packages that it may import by their bare names */
export async function checkAgent(
  code: string,
  install: readonly string[],
  signal: AbortSignal,
): Promise<CheckReport> {
  const functions = agentFunctions(code);
  return {
    problems: await problemsOf(code, install, signal),
    notes: functions.length === 0
      ? ["It has none of setup, process, handle_task: it would do nothing after its top level"]
      : [],
    functions,
    needs: permissionHints(code),
  };
}

async function problemsOf(code: string, install: readonly string[], signal: AbortSignal): Promise<string[]> {
  const foreign = foreignImports(code, install);
  if (foreign.length > 0) {
    return foreign.map((name) => `An agent cannot import '${name}': only packages of install, and node:`);
  }
  try {
    const diagnostics = await checkTypes("agent.ts", code, {
      deno: await findDeno(undefined, Deno.env.get("PATH") ?? ""),
      install,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return diagnostics.map(inWords);
  } catch (error) {
    if (error instanceof SpecifierError) return [error.message];
    signal.throwIfAborted();
    return [(error as Error).message];
  }
}

function inWords({ code, message, line, column }: Diagnostic): string {
  const place = line === undefined ? "" : `line ${line}:${column}: `;
  return `${place}${code === undefined ? "" : `${code} `}${message}`;
}
