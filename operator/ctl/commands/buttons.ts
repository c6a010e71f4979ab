/** `agentflow restart`, `pause`, `resume` and `delete`: the dashboard's buttons. */
import type { Command } from "commander";
import type { AgentCommand } from "../../../protocol/commands.ts";
import { pressAt } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { addAgentSelection, eachAgent } from "../selection.ts";

interface Button {
  readonly help: string;
  readonly done: string;
  /** The verb in the confirmation prompt for several agents; without it, there is no prompt. */
  readonly asks?: string;
}

/** `stop` has its own command. */
const BUTTONS: Readonly<Record<Exclude<AgentCommand, "stop">, Button>> = {
  restart: {
    help: "restart agents in new processes, and reset their restart budgets",
    done: "has been restarted",
  },
  pause: { help: "pause agents: no process() calls until resume", done: "is paused" },
  resume: { help: "resume paused agents", done: "resumed" },
  delete: {
    help: "stop agents, and delete their persisted state",
    done: "has been deleted",
    asks: "deletes",
  },
};

export function addButtons(program: Command, cli: Cli): void {
  for (const [pressed, { help, done, asks }] of Object.entries(BUTTONS) as [AgentCommand, Button][]) {
    const command = program.command(pressed)
      .description(help);
    addAgentSelection(command);
    if (asks !== undefined) command.option("--yes", `do not ask before several are deleted`);
    cli.connected(command, async (run, operator, ...names) => {
      await survey(operator, { signal: run.signal });
      return await eachAgent(run, operator, names, {
        act: (place) => pressAt(operator, place, pressed, commandOptions(run)),
        asJson: ({ name, node }) => ({ agent: name, node, command: pressed }),
        words: ({ name, node }) => `Agent '${name}' ${done} on ${node}`,
        ask: asks,
      });
    });
  }
}
