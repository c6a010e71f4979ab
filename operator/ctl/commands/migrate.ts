/** `agentflow migrate`: moves agents and their persisted state to another node. */
import type { Command } from "commander";
import { onlineNode } from "../../operations/find.ts";
import { migrateFrom } from "../../operations/migrate.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { text } from "../options.ts";
import { addAgentSelection, eachAgent } from "../selection.ts";

export function addMigrate(program: Command, cli: Cli): void {
  const command = program.command("migrate")
    .description("move agents and their persisted state to another node");
  addAgentSelection(command);
  command
    .requiredOption("--to <NODE>", "the node to move them to")
    .option("--yes", "do not ask before several are moved");
  cli.connected(command, async (run, operator, ...names) => {
    await survey(operator, { signal: run.signal });
    const to = onlineNode(operator.fleet, text(run.options, "to") ?? "").name;
    return await eachAgent(run, operator, names, {
      act: async (place) => void await migrateFrom(operator, place, to, commandOptions(run)),
      asJson: ({ name, node }) => ({ agent: name, from_node: node, to_node: to }),
      words: ({ name, node }) => `Agent '${name}' has moved from ${node} to ${to}`,
      ask: "moves",
    });
  });
}
