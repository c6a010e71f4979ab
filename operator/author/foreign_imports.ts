/** Finds imports that no agent may use. Pure. */

const STATIC = /\b(?:from|import)\s*(["'])([^"'\n]+)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(["'`])([^"'`\n]+)\1/g;
/** Comment directives that make a compiler read other files: those quoted after it in the same line or tag. */
const REFERENCE = /<reference\s|@deno-types\b|@ts-types\b/;
const QUOTED = /(["'])([^"'\n]*)\1/g;

/**
 * Finds imports of files and URLs. The compiler would read or fetch them, which untrusted code, such as a model's, must
 * not cause.
 * @param install packages that the code may import by bare name
 */
export function foreignImports(source: string, install: readonly string[]): readonly string[] {
  // Checked with and without comments: what looks like a comment here may not be one to the compiler.
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

/** Removes everything between comment delimiters, wherever they occur. */
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
