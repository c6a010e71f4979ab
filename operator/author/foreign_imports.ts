/** Finds what a code imports that no agent can have. Pure. */

const STATIC = /(?:\bfrom|\bimport)\s*(?:\/\*[\s\S]*?\*\/\s*)?(["'])([^"'\n]+)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(?:\/\*[\s\S]*?\*\/\s*)?(["'`])([^"'`\n]+)\1/g;
/** Comments by which a compiler reads another file. */
const REFERENCE = /(?:<reference\s[^>]*?|@deno-types\s*=?\s*|@ts-types\s*=?\s*)(["'])([^"'\n]*)\1/g;

/**
 * Files, and what is elsewhere on the net. A compiler would read the one and fetch the other: from code that a model
 * has written, or somebody through it, neither is wanted.
 * @param install packages that it may import by their bare names
 */
export function foreignImports(source: string, install: readonly string[]): readonly string[] {
  // In the whole text, comments included: what looks like one here may be none to the compiler.
  const all = [STATIC, DYNAMIC, REFERENCE].flatMap((pattern) =>
    [...source.matchAll(pattern)].map(([, , name = ""]) => name)
  );
  const packages = install.map(bareName);
  return [...new Set(all)].filter((name) =>
    !name.startsWith("node:") && !/^\.{1,2}\/types\.d\.ts$/.test(name) &&
    !packages.some((known) => name === known || name.startsWith(`${known}/`))
  );
}

/** `npm:@scope/name@1` → `@scope/name` */
function bareName(specifier: string): string {
  return specifier.replace(/^[a-z]+:\/?/, "").replace(/(?<=.)@[^@/]*$/, "");
}
