/** `agentflow check`: type-checks an agent, and says which permissions it would need. */
import type { Command } from "commander";
import { basename } from "@std/path";
import { ConfigError } from "../../bus/config_error.ts";
import { findDeno } from "../../runner/deno_executable.ts";
import { parseSpecifiers, SpecifierError } from "../../runner/install/specifiers.ts";
import { checkTypes } from "../../operator/author/check_types.ts";
import type { Diagnostic } from "../../operator/author/diagnostics.ts";
import {
  agentFunctions,
  importedPackages,
  type PermissionHint,
  permissionHints,
} from "../../operator/author/permissions.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { text } from "../options.ts";
import { count } from "../render/units.ts";
import { paint, printable } from "../terminal.ts";

export function addCheck(program: Command, cli: Cli): void {
  const command = program.command("check")
    .description(
      "type-check an agent, and say which permissions it would need (a hint: its text is read, not run)",
    )
    .argument("<FILE>", "its code (.ts or .js)")
    .option("--install <LIST>", "packages that it imports by their bare names, separated by commas");
  cli.local(command, async (run, file = "") => {
    const source = await read(file);
    const install = readInstall(text(run.options, "install"), source);
    const deno = await findDeno(undefined, run.env.PATH ?? "");
    const diagnostics = await checkTypes(file, source, { deno, install, signal: run.signal });
    const functions = agentFunctions(source);
    const hints = permissionHints(source);
    const problems = functions.length > 0 ? diagnostics : [...diagnostics, noFunction()];
    const isGood = problems.length === 0;
    if (run.json) {
      run.printJson({ ok: isGood, file, functions, install, errors: problems, permissions: hints });
    } else {
      for (const problem of problems) showProblem(run, file, source, problem);
      run.print(
        isGood
          ? `${file}: no errors; it has ${functions.join(", ")}`
          : `${file}: ${count(problems.length, "error")}`,
      );
      showNeeds(run, install, hints);
    }
    return isGood ? EXIT.ok : EXIT.failed;
  });
}

/** What is imported by a bare name, and is not given, is the newest of that name. */
function readInstall(given: string | undefined, source: string): readonly string[] {
  const listed = (given ?? "").split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  try {
    const known = parseSpecifiers(listed);
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

function noFunction(): Diagnostic {
  return {
    code: undefined,
    message: "it has none of setup, process and handle_task: a node would have nothing to run",
    line: undefined,
    column: undefined,
  };
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
  run.print(`    ${printable(quoted)}`);
  run.print(`    ${quoted.slice(0, column - 1).replace(/[^\t]/g, " ")}^`);
}

function showNeeds(run: Run, install: readonly string[], hints: readonly PermissionHint[]): void {
  if (install.length > 0) run.print(`install: ${install.join(", ")}`);
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

async function read(file: string): Promise<string> {
  if (!/\.m?[jt]s$/.test(file)) throw new ConfigError(`${basename(file)}: expected a .ts or .js file`);
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new ConfigError(
      `Cannot read ${file}: ${
        error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message
      }`,
    );
  }
}
