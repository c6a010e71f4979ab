/** Assembles the program: each command that is called is added by its own file. */
import { Command } from "commander";
import { VERSION } from "../../protocol/version.ts";
import type { Cli } from "./cli.ts";
import { addExamples } from "./examples.ts";
import { GROUPS, nameIn, namesOf } from "./command_table.ts";
import { EXIT_HELP } from "./exit_code.ts";

/** The command whose arguments are a command line, to be completed. */
const COMPLETES = "__complete";

/** The names of the commands that a command line calls: only their files are loaded. */
export function calledBy(args: readonly string[]): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === COMPLETES ? words : words.slice(0, 1);
}

/** @param called names of the commands that are loaded; of the others, the program knows its line of `--help` */
export async function createProgram(cli: Cli, called: readonly string[]): Promise<Command> {
  const program = emptyProgram(cli);
  for (const [group, entries] of Object.entries(GROUPS)) {
    program.commandsGroup(group);
    for (const entry of entries) {
      if (namesOf(entry).some((name) => called.includes(name))) (await entry.load())(program, cli);
      else for (const [usage, help] of Object.entries(entry.commands)) addLine(program, usage, help);
    }
  }
  addExamples(program);
  return program;
}

function emptyProgram(cli: Cli): Command {
  const { stdout, stderr } = cli.surroundings;
  return new Command("agentflow")
    .description("Runs a fleet of AgentFlow nodes: what an operator does, from one command line.")
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "print this text")
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ helpWidth: Math.min(stdout.columns(), 110), sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => Math.min(stdout.columns(), 110),
      getErrHelpWidth: () => Math.min(stderr.columns(), 110),
      outputError: (text, write) => write(text.replace(/^error: /, "agentflow: ")),
    })
    .showHelpAfterError("(see --help)")
    .addHelpText("after", `\n${EXIT_HELP}`);
}

/** Adds what `--help` shows of a command that is not loaded. */
function addLine(program: Command, usage: string, help: string): void {
  const command = program.command(nameIn(usage), { hidden: usage.startsWith("_") }).description(help);
  for (const word of usage.split(" ").slice(1)) {
    // The help says "[options]" of a command that has an option.
    if (word === "[options]") command.option("--any");
    else command.argument(word);
  }
}
