/** Makes the compiler report where an agent's functions are, as a node would find them at run time. Pure. */
import {
  type Candidates,
  chooseFunctions,
  FINDER,
  FUNCTION_NAMES,
  type Place,
  PLACES,
} from "../../agents/harness/functions.ts";
import { importedNames } from "../../agents/harness/names_in_code.ts";
import type { Diagnostic } from "./diagnostics.ts";

const ALL = PLACES.flatMap((place) => FUNCTION_NAMES.map((name) => ({ place, name })));

const HEAD = (specifier: string) => [
  `import * as agent from ${JSON.stringify(specifier)};`,
  `type Of<M, N extends string> = N extends keyof M ? M[N] : undefined;`,
  `type Callable<T> = 0 extends 1 & T ? 1 : Extract<T, (...args: never[]) => unknown> extends never ? never : 1;`,
  `type In = { exported: typeof agent; default: Of<typeof agent, "default">;` +
  ` declared: ReturnType<typeof agent.${FINDER}> };`,
];

/** A module with one line for each place and function name. A line has a type error if the function is missing. */
export function probes(specifier: string): string {
  const lines = ALL.map(({ place, name }, index) =>
    `export const p${index}: Callable<Of<In["${place}"], "${name}">> = 1;`
  );
  return [...HEAD(specifier), ...lines].join("\n");
}

/**
 * @param ofProbe diagnostics of the module from `probes`
 * @param ofFinder diagnostics of the text appended to the code: names that the code does not define
 */
export function foundBy(
  ofProbe: readonly Diagnostic[],
  ofFinder: readonly Diagnostic[],
  source: string,
): ReadonlySet<string> {
  const absent = new Set(ofProbe.map(({ line = 0 }) => line - HEAD("").length - 1));
  const unknown = new Set(ofFinder.map(({ message }) => /^Cannot find name '(\w+)'/.exec(message)?.[1]));
  const candidates = (place: Place) =>
    Object.fromEntries(
      ALL.filter((each, index) =>
        each.place === place && !absent.has(index) && !(place === "declared" && unknown.has(each.name))
      ).map(({ name }) => [name, true]),
    );
  const all: Candidates<boolean> = {
    exported: candidates("exported"),
    default: candidates("default"),
    declared: candidates("declared"),
  };
  return new Set(chooseFunctions(all, importedNames(source)).keys());
}
