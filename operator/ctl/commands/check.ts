/** `agentflow check`: reports problems in an agent's code, and the permissions it would need. */
import { readGiven } from "../../../protocol/config/text_file.ts";
import type { Command } from "commander";
import { basename } from "@std/path";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { listOf } from "../../../protocol/config/values.ts";
import { findDeno } from "../../../protocol/deno_executable.ts";
import { parseSpecifiers, SpecifierError } from "../../../protocol/packages/specifiers.ts";
import { checkTypes } from "../../author/check_types.ts";
import { checkPython, NOT_CHECKED } from "../../author/check_python.ts";
import type { Diagnostic } from "../../author/diagnostics.ts";
import { importedPackages, type PermissionHint, permissionHints } from "../../author/permissions.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { text } from "../options.ts";
import { count } from "../render/units.ts";
import { paint, printable } from "../terminal.ts";

/** The findings for a file, whatever its language. */
interface Findings {
  readonly functions: readonly string[];
  readonly problems: readonly Diagnostic[];
  /** Not errors, but worth knowing. */
  readonly notes: readonly string[];
  /** Packages that spawn would have to install. */
  readonly install: readonly string[];
  /** `undefined` if the file does not parse. */
  readonly hints: readonly PermissionHint[] | undefined;
  /** What was not checked. */
  readonly notChecked?: string;
}

/** How much of a source line to quote. */
const MAX_QUOTED_CHARS = 100;

export function addCheck(program: Command, cli: Cli): void {
  const command = program.command("check")
    .description(
      "check an agent: types, or in Python syntax, names and imports; and say which permissions it would need (a " +
        "hint: its text is read, not run)",
    )
    .argument("<FILE>", "its code (.ts, .js or .py)")
    .option("--install <LIST>", "packages that it imports by their bare names, separated by commas");
  cli.local(command, async (run, file = "") => {
    const source = await read(file);
    const given = listOf(text(run.options, "install"));
    const findings = await (isPython(file) ? lookAtPython : lookAtTypes)(run, file, source, given);
    const { functions, problems, install, notes, hints, notChecked } = findings;
    const isGood = problems.length === 0;
    if (run.json) {
      const report = {
        ok: isGood,
        file,
        functions,
        install,
        errors: problems,
        notes,
        permissions: hints ?? [],
      };
      run.printJson({ ...report, ...(notChecked === undefined ? {} : { not_checked: notChecked }) });
    } else {
      for (const problem of problems) showProblem(run, file, source, problem);
      for (const note of notes) run.print(`${paint(run.stdout, "yellow", "note")}  ${printable(note)}`);
      run.print(
        isGood
          ? `${file}: no errors; it has ${functions.join(", ")}`
          : `${file}: ${count(problems.length, "error")}`,
      );
      showNeeds(run, findings);
    }
    return isGood ? EXIT.ok : EXIT.failed;
  });
}

async function lookAtTypes(
  run: Run,
  file: string,
  source: string,
  given: readonly string[],
): Promise<Findings> {
  const install = readInstall(given, source);
  const deno = await findDeno(undefined, run.env.PATH ?? "");
  const report = await checkTypes(file, source, { deno, install, signal: run.signal });
  return { ...report, install, hints: permissionHints(source) };
}

async function lookAtPython(
  run: Run,
  _file: string,
  source: string,
  given: readonly string[],
): Promise<Findings> {
  const { readsAs, functions, diagnostics, notes, needs, missing } = await checkPython(source, given, {
    deno: await findDeno(undefined, run.env.PATH ?? ""),
    env: run.env,
    signal: run.signal,
    onFetch: () => run.note("Fetching Python, once"),
  });
  const install = [...given, ...missing];
  const parses = readsAs !== "";
  return {
    ...{ functions, notes, install, problems: diagnostics },
    hints: parses ? needs : undefined,
    notChecked: parses ? NOT_CHECKED : "anything else, before it parses",
  };
}

/** Adds bare imports that `--install` does not list, at their newest version. */
function readInstall(given: readonly string[], source: string): readonly string[] {
  try {
    const known = parseSpecifiers(given);
    const missing = importedPackages(source)
      .map((specifier) => specifier.replace(/^((?:npm:|jsr:)?(?:@[^/]+\/)?[^/]+)(?:\/.*)?$/, "$1"))
      .filter((specifier) =>
        !known.some(({ name, specifier: full }) => specifier === name || specifier === full)
      );
    return [
      ...known.map(({ specifier }) => specifier),
      ...parseSpecifiers(missing).map(({ specifier }) => specifier),
    ];
  } catch (error) {
    if (error instanceof SpecifierError) throw new ConfigError(error.message);
    throw error;
  }
}

function showProblem(
  run: Run,
  file: string,
  source: string,
  { code, message, line, column }: Diagnostic,
): void {
  const place = line === undefined ? file : `${file}:${line}:${column}`;
  const head = [
    paint(run.stdout, "bold", place),
    paint(run.stdout, "red", code ?? "error"),
    printable(message),
  ];
  run.print(head.join("  "));
  const quoted = line === undefined ? undefined : source.split("\n")[line - 1];
  if (quoted === undefined || column === undefined) return;
  const from = column > MAX_QUOTED_CHARS ? column - MAX_QUOTED_CHARS / 2 : 0;
  run.print(`    ${printable(quoted.slice(from, from + MAX_QUOTED_CHARS))}`);
  run.print(`    ${quoted.slice(from, column - 1).replace(/[^\t]/g, " ")}^`);
}

function showNeeds(run: Run, { install, hints, notChecked }: Findings): void {
  if (notChecked !== undefined) run.print(`not checked: ${notChecked}`);
  if (install.length > 0) run.print(`install: ${install.join(", ")}`);
  if (hints === undefined) return;
  if (hints.length === 0) run.print("permissions: none seen beyond the sandbox's own");
  else run.print("permissions it seems to need (a hint, from reading its text):");
  for (const { kind, entry, because, line } of hints) {
    run.print(
      `  ${kind.padEnd(5)}  ${printable(entry ?? "(not a fixed value)")}  line ${line}: ${
        printable(because)
      }`,
    );
  }
  const entries = Map.groupBy(hints.filter(({ entry }) => entry !== undefined), ({ kind }) => kind);
  if (entries.size === 0) return;
  const wanted = Object.fromEntries([...entries].map(([kind, of]) => [kind, of.map(({ entry }) => entry)]));
  run.print(`  --permissions '${JSON.stringify(wanted)}'`);
}

function isPython(file: string): boolean {
  return file.endsWith(".py");
}

async function read(file: string): Promise<string> {
  if (!isPython(file) && !/\.m?[jt]s$/.test(file)) {
    throw new ConfigError(`${basename(file)}: expected a .ts, .js or .py file`);
  }
  return await readGiven(file);
}
