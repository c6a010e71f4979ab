/** `agentflow completions`: prints a shell's completion script, and answers its requests. */
import { Argument, type Command } from "commander";
import { complete } from "../complete.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { recallFleet } from "../seen.ts";
import { completionScript, FILES_MARK, NO_FILES_MARK, type Shell, SHELLS } from "../shells.ts";

export function addCompletions(program: Command, cli: Cli): void {
  program.command("completions")
    .description("print the completions for a shell: source <(agentflow completions bash)")
    .addArgument(new Argument("<SHELL>", "which shell").choices(SHELLS))
    .action((shell: Shell) => {
      cli.surroundings.stdout.write(completionScript(shell, program.name(), ownCommand()));
    });
  program.command("__complete", { hidden: true })
    .argument("[WORD...]")
    .allowUnknownOption()
    .helpOption(false)
    .passThroughOptions()
    .action((words: string[]) => {
      const { candidates, files } = complete(program, words, recallFleet(cli.surroundings.env));
      const lines = candidates.map(({ value, help }) => `${value}\t${help.replace(/\s+/g, " ")}`);
      cli.surroundings.stdout.write(`${[...lines, files ? FILES_MARK : NO_FILES_MARK].join("\n")}\n`);
      cli.exitCode = EXIT.ok;
    });
}

/** The command that runs this program. */
function ownCommand(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  return [Deno.execPath(), "run", "-A", new URL(Deno.mainModule).pathname];
}
