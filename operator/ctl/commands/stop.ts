/** `agentflow stop`: stops one agent for good. */
import type { Command } from "commander";
import { stopAgent } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions } from "../cli.ts";
import { EXIT } from "../exit_code.ts";

export function addStop(program: Command, cli: Cli): void {
  const command = program.command("stop")
    .description("stop an agent; its persisted state is kept")
    .argument("<AGENT>", "its name");
  cli.connected(command, async (run, operator, name = "") => {
    await survey(operator, { signal: run.signal });
    const { node } = await stopAgent(operator, name, commandOptions(run));
    if (run.json) run.printJson({ ok: true, agent: name, node, state: "stopped" });
    else run.print(`Agent '${name}' has been stopped on ${node}`);
    return EXIT.ok;
  });
}
