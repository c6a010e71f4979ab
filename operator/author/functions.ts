/** Tells an author which functions a node would call, by the node's own rule. Pure. */
import {
  fenceProblem,
  formProblem,
  type Names,
  NONE_FOUND,
  remarksOn,
} from "../../agents/harness/functions.ts";
import type { Diagnostic } from "./diagnostics.ts";

export interface Verdict {
  readonly problems: readonly Diagnostic[];
  readonly notes: readonly string[];
}

/** A node accepts code without any such function; for an author it is a mistake. */
export function verdictOnFunctions(found: ReadonlySet<string>, names: Names): Verdict {
  const remarks = remarksOn(found, names);
  return {
    problems: remarks.filter((remark) => remark === NONE_FOUND).map(problem),
    notes: remarks.filter((remark) => remark !== NONE_FOUND),
  };
}

/** Rejects code whose form alone shows that it is not an agent. */
export function verdictOnForm(code: string, language: "python" | "typescript"): Verdict {
  const found = language === "typescript"
    ? formProblem(code)
    : fenceProblem(code, { error: "invalid syntax", traceback: "SyntaxError" });
  return { problems: found === undefined ? [] : [problem(found)], notes: [] };
}

function problem(message: string): Diagnostic {
  return { code: undefined, message, line: undefined, column: undefined };
}
