/** Finds what a code imports that no agent can have. Pure. */

const STATIC = /\b(?:from|import)\s*(["'])([^"'\n]+)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(["'`])([^"'`\n]+)\1/g;
/** What in a comment makes a compiler read another file: all that is quoted behind it, in that line or tag. */
const REFERENCE = /<reference\s|@deno-types\b|@ts-types\b/;
const QUOTED = /(["'])([^"'\n]*)\1/g;

/**
 * Files, and what is elsewhere on the net. A compiler would read the one and fetch the other: from code that a model
 * has written, or somebody through it, neither is wanted.
 * @param install packages that it may import by their bare names
 */
export function foreignImports(source: string, install: readonly string[]): readonly string[] {
  // In the whole text, comments included, and without them: what looks like one here may be none to the compiler.
  const imports = [source, withoutBlockComments(source)].flatMap((text) => [
    ...text.matchAll(STATIC),
    ...text.matchAll(DYNAMIC),
  ]);
  const references = source.split(REFERENCE).slice(1).flatMap((rest) => [
    ...(rest.split(/[>\n]/, 1)[0] ?? "").matchAll(QUOTED),
  ]);
  const all = [...imports, ...references].map(([, , name = ""]) => name);
  const packages = install.map(bareName);
  return [...new Set(all)].filter((name) =>
    !name.startsWith("node:") && !/^\.{1,2}\/types\.d\.ts$/.test(name) &&
    !packages.some((known) => name === known || name.startsWith(`${known}/`))
  );
}

/** Whatever stands between the signs of a comment is left out, wherever these signs are. */
function withoutBlockComments(source: string): string {
  const [first = "", ...rest] = source.split("/*");
  const parts = rest.map((part) => {
    const end = part.indexOf("*/");
    return end === -1 ? `/*${part}` : ` ${part.slice(end + 2)}`;
  });
  return first + parts.join("");
}

/** `npm:@scope/name@1` → `@scope/name` */
function bareName(specifier: string): string {
  return specifier.replace(/^[a-z]+:\/?/, "").replace(/(?<=.)@[^@/]*$/, "");
}
