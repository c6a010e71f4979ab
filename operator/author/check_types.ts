/** Type-checks an agent as a node would run it, with Deno's own checker. */
import { dirname, extname, join, resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import types from "../../agents/types.d.ts" with { type: "text" };
import { importMap } from "../../protocol/packages/import_map.ts";
import { parseSpecifiers } from "../../protocol/packages/specifiers.ts";
import { annotate } from "./annotate.ts";
import { type Diagnostic, parseDiagnostics } from "./diagnostics.ts";

export interface CheckOptions {
  /** The Deno executable. */
  readonly deno: string;
  /** As in a spawn config. */
  readonly install: readonly string[];
  readonly signal: AbortSignal;
}

/** Where an author imports types from: `import type … from "./types.d.ts"`. */
const TYPE_IMPORT = /(\bimport\s+type\b)/;
const FROM = /^([^;"']*?\bfrom\s*)(["'])(\.{1,2}\/[^"']+)\2/;

/**
 * @param path of the agent's file
 * @returns what is wrong, with the author's lines; nothing when nothing is
 * @throws Error when Deno cannot be run, or gives no reason
 */
export async function checkTypes(
  path: string,
  source: string,
  options: CheckOptions,
): Promise<readonly Diagnostic[]> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-check-" }));
  try {
    return await checkIn(folder, path, source, options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function checkIn(
  folder: string,
  path: string,
  source: string,
  { deno, install, signal }: CheckOptions,
): Promise<readonly Diagnostic[]> {
  const isJavaScript = /^\.m?js$/.test(extname(path));
  const copy = join(folder, isJavaScript ? "agent.js" : "agent.ts");
  const typesPath = join(folder, "types.d.ts");
  // Of its own, should the author's copy be missing or old.
  await Deno.writeTextFile(typesPath, types);
  const authors = dirname(resolve(path));
  const typesUrl = pathToFileURL(typesPath).href;
  const rehome = (_all: string, before: string, quote: string, specifier: string) => {
    const target = specifier.endsWith("types.d.ts")
      ? typesUrl
      : pathToFileURL(resolve(authors, specifier)).href;
    return `${before}${quote}${target}${quote}`;
  };
  const rehomed = source.split(TYPE_IMPORT).map((part, index, parts) =>
    // Only what stands behind one: types may be another file's, code may not.
    index > 0 && TYPE_IMPORT.test(parts[index - 1] ?? "") ? part.replace(FROM, rehome) : part
  ).join("");
  const { text, columnOf } = annotate(rehomed, isJavaScript ? "javascript" : "typescript", typesUrl);
  await Deno.writeTextFile(copy, text);
  const config = {
    // Functions without types are the documented way to write an agent.
    compilerOptions: { noImplicitAny: false, checkJs: isJavaScript, lib: ["deno.window", "deno.unstable"] },
    nodeModulesDir: "none",
    ...importMap(parseSpecifiers(install)),
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args: ["check", "--quiet", "--no-lock", "--config", join(folder, "deno.json"), copy],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal,
  }).output();
  if (success) return [];
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  const diagnostics = parseDiagnostics(output, pathToFileURL(copy).href);
  if (diagnostics.length === 0) throw new Error(`deno check has failed: ${output.trim()}`);
  return diagnostics.map((diagnostic) => {
    const { line, column } = diagnostic;
    return line === undefined || column === undefined
      ? diagnostic
      : { ...diagnostic, column: columnOf(line, column) };
  });
}
