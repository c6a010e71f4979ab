/** `agentflow migrate`: moves an agent and its persisted state to another node. */
import type { Command } from "commander";
import { migrate } from "../../operations/migrate.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { text } from "../options.ts";

export function addMigrate(program: Command, cli: Cli): void {
  const command = program.command("migrate")
    .description("move an agent and its persisted state to another node")
    .argument("<AGENT>", "its name")
    .requiredOption("--to <NODE>", "the node to move it to")
    .option("--node <NODE>", "the node that runs it; needed where several nodes have one of this name");
  cli.connected(command, async (run, operator, name = "") => {
    await survey(operator, { signal: run.signal });
    const { from, to } = await migrate(operator, name, text(run.options, "to") ?? "", {
      ...commandOptions(run),
      node: text(run.options, "node"),
    });
    if (run.json) run.printJson({ ok: true, agent: name, from_node: from, to_node: to });
    else run.print(`Agent '${name}' has moved from ${from} to ${to}`);
    return EXIT.ok;
  });
}
