/** `agentflow state`: shows an agent's persisted state, config or code. */
import type { Command } from "commander";
import { type Inspection, inspectOn } from "../../operations/inspect.ts";
import { OperationError } from "../../operator.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions, type Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet } from "../options.ts";
import { addAgentSelection, agentsGiven } from "../selection.ts";
import { printableJson } from "../terminal.ts";

export function addState(program: Command, cli: Cli): void {
  const command = program.command("state")
    .description("show the persisted state of agents as JSON");
  addAgentSelection(command);
  command
    .option("--config", "show the config it was spawned with instead")
    .option("--code", "show its code instead");
  cli.connected(command, async (run, operator, ...names) => {
    await survey(operator, { signal: run.signal });
    const places = agentsGiven(run, operator, names);
    const all = await Promise.all(
      places.map(({ node, name }) => inspectOn(operator, node, name, commandOptions(run))),
    );
    if (run.json) run.printJson(all.length === 1 ? asJson(all[0] as Inspection) : all.map(asJson));
    for (const inspection of run.json ? [] : all) {
      if (all.length > 1) run.note(`${inspection.node}/${inspection.agent}`);
      show(run, inspection);
    }
    return EXIT.ok;
  });
}

/** @throws OperationError if the state is too large to send */
function show(run: Run, { agent, config, persisted, persistedBytes }: Inspection): void {
  if (isSet(run.options, "code")) showCode(run, String(config.code).trimEnd());
  else if (isSet(run.options, "config")) run.print(printableJson(config, 2));
  else if (persisted !== null) run.print(printableJson(persisted, 2));
  else {
    throw new OperationError(
      `The persisted state of '${agent}' is too large to send: ${persistedBytes} bytes`,
    );
  }
}

function asJson({ persistedBytes, ...rest }: Inspection): Readonly<Record<string, unknown>> {
  return { ...rest, persisted_bytes: persistedBytes };
}

/** Prints the code safely on a terminal, and unchanged to a file or pipe. */
function showCode(run: Run, code: string): void {
  if (run.stdout.isTerminal) run.print(code);
  else run.stdout.write(`${code}\n`);
}
