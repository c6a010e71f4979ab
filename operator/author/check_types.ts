/** Type-checks an agent as a node would run it, with Deno's own checker. */
import { basename, dirname, extname, join, resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import types from "../../agents/types.d.ts" with { type: "text" };
import { importMap } from "../../protocol/packages/import_map.ts";
import { parseSpecifiers } from "../../protocol/packages/specifiers.ts";
import { FINDER_SOURCE } from "../../agents/harness/functions.ts";
import { declaredNames, importedNames } from "../../agents/harness/names_in_code.ts";
import { annotate, type Language } from "./annotate.ts";
import { type Diagnostic, parseDiagnostics } from "./diagnostics.ts";
import { verdictOnForm, verdictOnFunctions } from "./functions.ts";
import { foundBy, probes } from "./probes.ts";

export interface CheckOptions {
  /** The Deno executable. */
  readonly deno: string;
  /** Packages, as in a spawn config. */
  readonly install: readonly string[];
  readonly signal: AbortSignal;
}

/** The file that authors import types from: `import type … from "./types.d.ts"`. */
const TYPE_IMPORT = /(\bimport\s+type\b)/;
const FROM = /^([^;"']*?\bfrom\s*)(["'])(\.{1,2}\/[^"']+)\2/;

export interface TypeReport {
  /** The errors, at the author's lines. */
  readonly problems: readonly Diagnostic[];
  /** Not mistakes, but worth knowing. */
  readonly notes: readonly string[];
  /** The functions that a node would call; empty for code that does not parse. */
  readonly functions: readonly string[];
  readonly parses: boolean;
}

/**
 * @param path of the agent's file
 * @throws Error when Deno cannot be run, or fails without a reason
 */
export async function checkTypes(path: string, source: string, options: CheckOptions): Promise<TypeReport> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-check-" }));
  try {
    const output = await checkIn(folder, path, source, options);
    const form = verdictOnForm(source, "typescript");
    if (output.functions === undefined) {
      return { problems: [...form.problems, ...output.problems], notes: [], functions: [], parses: false };
    }
    const names = {
      present: [...declaredNames(source), ...output.functions],
      imported: importedNames(source),
    };
    const verdict = verdictOnFunctions(output.functions, names);
    // Code that is not a module has no functions to find.
    const missing = form.problems.length > 0 ? form.problems : verdict.problems;
    return {
      problems: [...output.problems, ...missing],
      notes: verdict.notes,
      functions: [...output.functions],
      parses: true,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Checked {
  readonly problems: readonly Diagnostic[];
  /** `undefined` where the code does not parse. */
  readonly functions: ReadonlySet<string> | undefined;
}

async function checkIn(
  folder: string,
  path: string,
  source: string,
  { deno, install, signal }: CheckOptions,
): Promise<Checked> {
  const isJavaScript = /^\.m?js$/.test(extname(path));
  const copy = join(folder, isJavaScript ? "agent.js" : "agent.ts");
  const probe = join(folder, "probe.ts");
  const { text, columnOf } = await annotatedCopy(
    folder,
    path,
    source,
    isJavaScript ? "javascript" : "typescript",
  );
  await Deno.writeTextFile(copy, text + FINDER_SOURCE);
  await Deno.writeTextFile(probe, probes(`./${basename(copy)}`));
  const config = {
    // Agents are documented as functions without types.
    compilerOptions: { noImplicitAny: false, checkJs: isJavaScript, lib: ["deno.window", "deno.unstable"] },
    nodeModulesDir: "none",
    ...importMap(parseSpecifiers(install)),
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  const { stdout, stderr } = await new Deno.Command(deno, {
    args: ["check", "--quiet", "--no-lock", "--config", join(folder, "deno.json"), copy, probe],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal,
  }).output();
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  const [copyUrl, probeUrl] = [copy, probe].map((each) => pathToFileURL(each).href) as [string, string];
  const ofProbe = parseDiagnostics(output, probeUrl).filter(({ code, line }) =>
    code !== undefined && line !== undefined
  );
  const all = parseDiagnostics(output, copyUrl, [probeUrl]);
  if (all.length + ofProbe.length === 0) throw new Error(`deno check has failed: ${output.trim()}`);
  const lines = source.split("\n").length;
  const own = all.filter(({ line }) => line === undefined || line <= lines);
  const behind = all.filter((each) => !own.includes(each));
  const problems = own.map((diagnostic) => {
    const { line, column } = diagnostic;
    return line === undefined || column === undefined
      ? diagnostic
      : { ...diagnostic, column: columnOf(line, column) };
  });
  const isParsed = ofProbe.length > 0;
  return { problems, functions: isParsed ? foundBy(ofProbe, behind, source) : undefined };
}

/** Writes the types for authors into `folder`, and returns the code with the types that its author left out. */
async function annotatedCopy(
  folder: string,
  path: string,
  source: string,
  language: Language,
): Promise<ReturnType<typeof annotate>> {
  const typesPath = join(folder, "types.d.ts");
  // Our own copy, because the author's may be missing or old.
  await Deno.writeTextFile(typesPath, types);
  const authors = dirname(resolve(path));
  const typesUrl = pathToFileURL(typesPath).href;
  const rehome = (_all: string, before: string, quote: string, specifier: string) => {
    const target = specifier.endsWith("types.d.ts")
      ? typesUrl
      : pathToFileURL(resolve(authors, specifier)).href;
    return `${before}${quote}${target}${quote}`;
  };
  // Split keeps the captured keyword as every second part; the first part precedes any keyword.
  const [first = "", ...rest] = source.split(TYPE_IMPORT);
  const rehomed = first + rest.map((part) => part.replace(FROM, rehome)).join("");
  return annotate(rehomed, language, typesUrl);
}
