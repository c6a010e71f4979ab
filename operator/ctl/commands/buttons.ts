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
    help: "restart an agent in a new process, and reset its restart budget",
    done: "has been restarted",
  },
  pause: { help: "pause an agent: no process() calls until resume", done: "is paused" },
  resume: { help: "resume a paused agent", done: "resumed" },
  delete: { help: "stop an agent, and delete its persisted state", done: "has been deleted" },
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
