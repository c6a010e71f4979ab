/**
 * Which functions of an agent's code a node calls: one rule for the harness, which has the loaded values, and for
 * tools that only read the code. Pure.
 */
export const FUNCTION_NAMES = ["setup", "process", "handle_task", "handleTask"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** Where a function may be, in order of precedence. */
export const PLACES = ["exported", "default", "declared"] as const;
export type Place = (typeof PLACES)[number];

/** The functions found in each place, or stand-ins for them. */
export type Candidates<T> = Readonly<Record<Place, Readonly<Partial<Record<FunctionName, T>>>>>;

const FINDER = "$agentflow_functions";

/** Exposes these names from the code's top level. Appended, so that line numbers do not change. */
export const FINDER_SOURCE = `\n;export const ${FINDER} = () => ({ ${
  FUNCTION_NAMES.map((name) => `${name}: typeof ${name} === "function" ? ${name} : undefined`).join(", ")
} });\n`;
export { FINDER };

/**
 * The rule: the module's export of that name; else that member of its default export; else that name at its top level,
 * unless it is only imported.
 * @param imported what the code imports
 */
export function chooseFunctions<T>(
  candidates: Candidates<T>,
  imported: ReadonlySet<string>,
): Map<FunctionName, T> {
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

/** Explains a load failure of code that is still in its Markdown fence. @param failure the language's own error */
export function fenceProblem(
  code: string,
  failure: { readonly error: string; readonly traceback: string },
): string | undefined {
  const isFenced = beginsFenced(code) || (/SyntaxError/.test(failure.traceback) && /^[ \t]*```/m.test(code));
  return isFenced ? `${FENCE} (${failure.error})` : undefined;
}

export function beginsFenced(code: string): boolean {
  return code.trimStart().startsWith("```");
}

export const FENCE =
  "the code is in the fence of its Markdown: take out the lines that begin with ```, and all outside them";
export const COMMON_JS =
  "that is CommonJS, and an agent is an ECMAScript module: write `export function process(agent) { … }` instead of " +
  'module.exports, and `import name from "package"` instead of require("package")';
