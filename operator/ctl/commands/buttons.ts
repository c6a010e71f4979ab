/** `agentflow restart`, `pause`, `resume`, `delete`: what a dashboard's buttons do, to one agent. */
import type { Command } from "commander";
import type { AgentCommand } from "../../commander.ts";
import { pressButton } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { EXIT } from "../exit_code.ts";

interface Button {
  readonly command: AgentCommand;
  readonly help: string;
  readonly done: string;
}

const BUTTONS: readonly Button[] = [
  {
    command: "restart",
    help: "give an agent a new process, with its budget of restarts anew",
    done: "has been restarted",
  },
  { command: "pause", help: "let an agent rest: no process() until resume", done: "is paused" },
  { command: "resume", help: "let a paused agent go on", done: "goes on" },
  { command: "delete", help: "stop an agent, and forget what it has persisted", done: "has been deleted" },
];

export function addButtons(program: Command, cli: Cli): void {
  for (const button of BUTTONS) {
    const command = program.command(button.command)
      .description(button.help)
      .argument("<AGENT>", "its name");
    cli.connected(command, async (run, operator, name = "") => {
      await survey(operator, { signal: run.signal });
      const { node } = await pressButton(operator, name, button.command, commandOptions(run));
      if (run.json) run.printJson({ ok: true, agent: name, node, command: button.command });
      else run.print(`Agent '${name}' ${button.done} on ${node}`);
      return EXIT.ok;
    });
  }
}
