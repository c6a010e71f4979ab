/**
 * Which functions of an agent's code a node calls: one rule for the harness, which has the loaded values, and for
 * tools that only read the code. Pure.
 */
import { blanked } from "../../protocol/source_text.ts";
import { likelyMeant } from "../../protocol/spelling.ts";

export const FUNCTION_NAMES = ["setup", "process", "handle_task", "handleTask"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Where a function may be, in order of precedence. */
export const PLACES = ["exported", "default", "declared"] as const;
export type Place = (typeof PLACES)[number];

/** What each place holds under the names: functions, or stand-ins for them. */
export type Candidates<T> = Readonly<Record<Place, Readonly<Partial<Record<FunctionName, T>>>>>;

const FINDER = "$agentflow_functions";

/** Exposes what the code's top level holds under the names. Appended, so that line numbers do not change. */
export const FINDER_SOURCE = `\n;export const ${FINDER} = () => ({ ${
  FUNCTION_NAMES.map((name) => `${name}: typeof ${name} === "function" ? ${name} : undefined`).join(", ")
} });\n`;
export { FINDER };

/**
 * The rule: the module's export of that name; else that member of its default export; else that name at its top level,
 * unless it is only imported.
 */
export function chooseFunctions<T>(candidates: Candidates<T>, code: string): Map<FunctionName, T> {
  const imported = importedNames(code);
  const chosen = new Map<FunctionName, T>();
  for (const name of FUNCTION_NAMES) {
    const place = PLACES.find((each) =>
      candidates[each][name] !== undefined && !(each === "declared" && imported.has(name))
    );
    const found = place === undefined ? undefined : candidates[place][name];
    if (found !== undefined) chosen.set(name, found);
  }
  return chosen;
}

/** Notes for the author about names that a node does not call. */
export interface Names {
  /** Everything the code defines, in any place: functions and other values. */
  readonly present: Iterable<string>;
  /** What it imports. */
  readonly imported: ReadonlySet<string>;
}

export const NONE_FOUND =
  "none of setup, process and handle_task is in the code: once it is loaded, nothing of it is called";

/** @param chosen the functions that are called */
export function remarksOn(chosen: ReadonlySet<string>, { present, imported }: Names): string[] {
  const missing = FUNCTION_NAMES.filter((name) => !chosen.has(name));
  const remarks = missing.filter((name) => imported.has(name)).map((name) =>
    `'${name}' is imported, and not called: export it, where it is the agent's own`
  );
  for (const name of new Set(present)) {
    const meant = isFunctionName(name) ? undefined : nearOne(name, missing);
    if (meant !== undefined) remarks.push(`'${name}' is not called: did you mean '${meant}'?`);
  }
  return chosen.size === 0 ? [NONE_FOUND, ...remarks] : remarks;
}

/** One letter away, or two where the letters are the same: `procces`, but not `progress`. */
function nearOne(name: string, missing: readonly string[]): string | undefined {
  const meant = likelyMeant(name, missing, 2);
  return meant === undefined || lettersOf(meant) === lettersOf(name) ? meant : likelyMeant(name, missing, 1);
}

function lettersOf(name: string): string {
  return [...new Set(name)].sort().join("");
}

export function isFunctionName(name: string): name is FunctionName {
  return (FUNCTION_NAMES as readonly string[]).includes(name);
}

/** The local names of the code's named imports, without type-only imports. */
export function importedNames(code: string): Set<string> {
  const bare = blanked(code, ["comment", "string", "template", "pattern"]);
  const names = new Set<string>();
  for (const clause of bare.split(/(?<![.\w$])import(?![\w$])/).slice(1)) {
    const end = clause.search(/[;(]|\bfrom\b/);
    if (end === -1 || !clause.startsWith("from", end) || /^\s+type\s+[\w${*]/.test(clause)) continue;
    for (const part of clause.slice(0, end).split(/[,{}]/)) {
      const words = part.trim().split(/\s+/);
      if (words[0] !== "type" || words.length === 1) names.add(words.at(-1) ?? "");
    }
  }
  return names.difference(new Set([""]));
}

/** A function declaration, or a variable that holds an arrow function. */
const DECLARATION =
  /(?:^|[;}])[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:(?:async[ \t]+)?function\b[ \t]*(?:\*[ \t]*)?([A-Za-z_$][\w$]*)|(?:const|let|var)[ \t]+([A-Za-z_$][\w$]*)(?![\w$])[^=;\n]*=(?:[ \t]*(?:async[ \t]+)?function\b|[^=;\n]*=>))/gm;

/** The functions that the code declares at its top level, judged by its text. */
export function declaredNames(code: string): string[] {
  return [...topLevelOf(code).matchAll(DECLARATION)].map(([, name, assigned]) => name ?? assigned ?? "");
}

/** The code with everything inside brackets, and everything that is not code, replaced by spaces. */
function topLevelOf(code: string): string {
  let depth = 0;
  const parts = blanked(code, ["comment", "string", "template", "pattern"]).split(/([(){}[\]])/);
  return parts.map((part) => {
    if (/^[({[]$/.test(part)) depth += 1;
    const shown = depth === 0 ? part : part.replace(/[^\n]/g, " ");
    if (/^[)}\]]$/.test(part)) depth = Math.max(0, depth - 1);
    // A closing brace ends a declaration.
    return depth === 0 && part === "}" ? "}" : shown;
  }).join("");
}

/** Why code of this form is not an agent, and what to write instead; `undefined` if it may be one. */
export function formProblem(code: string): string | undefined {
  if (beginsFenced(code)) return FENCE;
  const bare = blanked(code, ["comment", "string", "template", "pattern"]);
  const isCommonJs = /(?<![.\w$])(?:module\.exports|exports\.\w+[ \t]*=)/.test(bare) ||
    (/(?<![.\w$])require[ \t]*\(/.test(bare) && !/\bcreateRequire\b|\bfunction[ \t]+require\b/.test(bare));
  return isCommonJs && !/\btypeof[ \t]+module\b/.test(bare) ? COMMON_JS : undefined;
}

/** Why code that does not load is probably not what its author meant to send. @param failure the language's own error */
export function fenceProblem(
  code: string,
  failure: { readonly error: string; readonly traceback: string },
): string | undefined {
  const isFenced = beginsFenced(code) || (/SyntaxError/.test(failure.traceback) && /^[ \t]*```/m.test(code));
  return isFenced ? `${FENCE} (${failure.error})` : undefined;
}

function beginsFenced(code: string): boolean {
  return code.trimStart().startsWith("```");
}

const FENCE =
  "the code is in the fence of its Markdown: take out the lines that begin with ```, and all outside them";
export const COMMON_JS =
  "that is CommonJS, and an agent is an ECMAScript module: write `export function process(agent) { … }` instead of " +
  'module.exports, and `import name from "package"` instead of require("package")';
