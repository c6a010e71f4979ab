/** `agentflow stop`: stops agents for good. */
import type { Command } from "commander";
import { stopAt } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { addAgentSelection, eachAgent } from "../selection.ts";

export function addStop(program: Command, cli: Cli): void {
  const command = program.command("stop")
    .description("stop agents; their persisted state is kept");
  addAgentSelection(command);
  command.option("--yes", "do not ask before several are stopped");
  cli.connected(command, async (run, operator, ...names) => {
    await survey(operator, { signal: run.signal });
    return await eachAgent(run, operator, names, {
      act: (place) => stopAt(operator, place, commandOptions(run)),
      asJson: ({ name, node }) => ({ agent: name, node, state: "stopped" }),
      words: ({ name, node }) => `Agent '${name}' has been stopped on ${node}`,
      ask: "stops",
    });
  });
}
