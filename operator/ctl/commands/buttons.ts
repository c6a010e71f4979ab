/** `agentflow restart`, `pause`, `resume` and `delete`: the dashboard's buttons, for one agent. */
import type { Command } from "commander";
import type { AgentCommand } from "../../../protocol/commands.ts";
import { pressButton } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { EXIT } from "../exit_code.ts";

interface Button {
  readonly help: string;
  readonly done: string;
}

/** `stop` has its own command. */
const BUTTONS: Readonly<Record<Exclude<AgentCommand, "stop">, Button>> = {
  restart: {
    help: "give an agent a new process, with its budget of restarts anew",
    done: "has been restarted",
  },
  pause: { help: "let an agent rest: no process() until resume", done: "is paused" },
  resume: { help: "let a paused agent go on", done: "goes on" },
  delete: { help: "stop an agent, and forget what it has persisted", done: "has been deleted" },
};

export function addButtons(program: Command, cli: Cli): void {
  for (const [pressed, { help, done }] of Object.entries(BUTTONS) as [AgentCommand, Button][]) {
    const command = program.command(pressed)
      .description(help)
      .argument("<AGENT>", "its name");
    cli.connected(command, async (run, operator, name = "") => {
      await survey(operator, { signal: run.signal });
      const { node } = await pressButton(operator, name, pressed, commandOptions(run));
      if (run.json) run.printJson({ ok: true, agent: name, node, command: pressed });
      else run.print(`Agent '${name}' ${done} on ${node}`);
      return EXIT.ok;
    });
  }
}
