/** Tells an author which functions a node would call, by the node's own rule. Pure. */
import { beginsFenced, COMMON_JS, FENCE, fenceProblem } from "../../agents/harness/functions.ts";
import { type Names, NONE_FOUND, remarksOn } from "../../agents/harness/remarks.ts";
import { blanked } from "../../protocol/source_text.ts";
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

/** Why code of this form is not an agent, and what to write instead; `undefined` if it may be one. */
function formProblem(code: string): string | undefined {
  if (beginsFenced(code)) return FENCE;
  const bare = blanked(code, ["comment", "string", "template", "pattern"]);
  const isCommonJs = /(?<![.\w$])(?:module\.exports|exports\.\w+[ \t]*=)/.test(bare) ||
    (/(?<![.\w$])require[ \t]*\(/.test(bare) && !/\bcreateRequire\b|\bfunction[ \t]+require\b/.test(bare));
  return isCommonJs && !/\btypeof[ \t]+module\b/.test(bare) ? COMMON_JS : undefined;
}

function problem(message: string): Diagnostic {
  return { code: undefined, message, line: undefined, column: undefined };
}
