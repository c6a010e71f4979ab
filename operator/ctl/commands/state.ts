/** `agentflow state`: shows an agent's persisted state, config or code. */
import type { Command } from "commander";
import { inspectAgent } from "../../operations/inspect.ts";
import { OperationError } from "../../operator.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions, type Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, text } from "../options.ts";
import { printableJson } from "../terminal.ts";

export function addState(program: Command, cli: Cli): void {
  const command = program.command("state")
    .description("show an agent's persisted state as JSON")
    .argument("<AGENT>", "its name")
    .option("--node <NODE>", "the node that runs it; needed where several nodes have one of this name")
    .option("--config", "show the config it was spawned with instead")
    .option("--code", "show its code instead");
  cli.connected(command, async (run, operator, name = "") => {
    await survey(operator, { signal: run.signal });
    const inspection = await inspectAgent(operator, name, {
      ...commandOptions(run),
      node: text(run.options, "node"),
    });
    const { node, state, config, persisted, persistedBytes } = inspection;
    if (isSet(run.options, "code") && !run.json) showCode(run, String(config.code).trimEnd());
    else if (isSet(run.options, "config") && !run.json) run.print(printableJson(config, 2));
    else if (run.json) {
      run.printJson({ agent: name, node, state, config, persisted, persisted_bytes: persistedBytes });
    } else if (persisted === null) {
      throw new OperationError(
        `The persisted state of '${name}' is too large to send: ${persistedBytes} bytes`,
      );
    } else run.print(printableJson(persisted, 2));
    return EXIT.ok;
  });
}

/** Prints the code safely on a terminal, and unchanged to a file or pipe. */
function showCode(run: Run, code: string): void {
  if (run.stdout.isTerminal) run.print(code);
  else run.stdout.write(`${code}\n`);
}
