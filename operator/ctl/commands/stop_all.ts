/** `agentflow stop-all`: ends nodes with all of their agents. */
import type { Command } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { NoAnswerError, RefusedError } from "../../commander.ts";
import type { NodeView } from "../../fleet/views.ts";
import type { Operator } from "../../operator.ts";
import { nodeNamed } from "../../operations/find.ts";
import { stopNode } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { type Cli, commandOptions, type Run } from "../cli.ts";
import { codesOf, wordsOf } from "../../../protocol/expected_error.ts";
import { EXIT } from "../exit_code.ts";
import { isSet } from "../options.ts";
import { count } from "../render/units.ts";

export function addStopAll(program: Command, cli: Cli): void {
  const command = program.command("stop-all")
    .description("stop all agents of nodes, and end the nodes; their agents do not come back by themselves")
    .argument("[NODE...]", "which nodes; all that are online without one")
    .option("--yes", "do not ask");
  cli.connected(command, async (run, operator, ...names) => {
    await survey(operator, { signal: run.signal });
    const { fleet } = operator;
    const given = names.filter((name) => name !== undefined);
    const nodes = given.length > 0
      ? given.map((name) => nodeNamed(fleet, name))
      : fleet.nodes.filter(({ isOnline }) => isOnline);
    if (nodes.length === 0) run.note("No node is online");
    else if (!isSet(run.options, "yes") && !await agreed(run, nodes)) {
      run.note("Nothing has been stopped");
      return EXIT.failed;
    }
    const results = await Promise.all(nodes.map(({ name }) => end(run, operator, name)));
    if (run.json) run.printJson(results.map(({ code: _code, ...result }) => result));
    return Math.max(EXIT.ok, ...results.map(({ code }) => code));
  });
}

async function end(run: Run, operator: Operator, node: string) {
  try {
    const agents = await stopNode(operator, node, commandOptions(run));
    if (!run.json) run.print(`Node '${node}' has ended, with ${count(agents.length, "agent")}`);
    return { ok: true, node, agents, code: EXIT.ok };
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error;
    run.note(`Node '${node}': ${wordsOf(error)}`);
    return { ok: false, node, error: error.message, code: codesOf(error).exit };
  }
}

/** @throws ConfigError where nobody can be asked */
async function agreed(run: Run, nodes: readonly NodeView[]): Promise<boolean> {
  if (run.json || !Deno.stdin.isTerminal()) {
    throw new ConfigError("Nobody is there to be asked: --yes stops without asking");
  }
  for (const { name, agents } of nodes) run.note(`${name}: ${agents.join(", ") || "no agents"}`);
  run.stderr.write(`This ends ${count(nodes.length, "node")} for good. Type yes to go on: `);
  return (await answer(run.signal)) === "yes";
}

/** One line of the terminal; empty when Ctrl-C comes first. */
async function answer(signal: AbortSignal): Promise<string> {
  const interrupted = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined))
  );
  const buffer = new Uint8Array(256);
  const read = await Promise.race([Deno.stdin.read(buffer), interrupted]);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0)).trim();
}
