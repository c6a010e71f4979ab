/** The import map that gives an agent's dependencies their bare names. Pure. */
import type { Dependency } from "./specifiers.ts";

/** An import map, as in the WHATWG HTML standard. */
export interface ImportMap {
  readonly imports: Readonly<Record<string, string>>;
}

/** Maps each `name` to its package, and `name/` to the package's subpaths (`import map from "lodash/map.js"`). */
export function importMap(dependencies: readonly Dependency[]): ImportMap {
  return {
    imports: Object.fromEntries(dependencies.flatMap((dependency) => [
      [dependency.name, dependency.specifier],
      [`${dependency.name}/`, subpathPrefix(dependency)],
    ])),
  };
}

/** `npm:/ms@2/`: with the slash after the scheme, Deno resolves subpaths as in a URL. */
function subpathPrefix({ registry, name, version }: Dependency): string {
  return `${registry}:/${name}${version === undefined ? "" : `@${version}`}/`;
}
