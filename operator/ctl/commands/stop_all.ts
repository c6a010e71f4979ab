/** `agentflow stop-all`: ends nodes and all of their agents. */
import type { Command } from "commander";
import { NoAnswerError, RefusedError } from "../../commander.ts";
import { stateOf } from "../../fleet/views.ts";
import { OperationError, type Operator } from "../../operator.ts";
import { onlineNode } from "../../operations/find.ts";
import { selectByName } from "../../operations/selection.ts";
import { stopNode } from "../../operations/stop.ts";
import { survey } from "../../operations/survey.ts";
import { agreed } from "../ask.ts";
import { type Cli, commandOptions, type Run } from "../cli.ts";
import { codesOf, wordsOf } from "../../../protocol/expected_error.ts";
import { EXIT } from "../exit_code.ts";
import { addLabelSelection, nodeSelection } from "../selection.ts";
import { count } from "../render/units.ts";

export function addStopAll(program: Command, cli: Cli): void {
  const command = program.command("stop-all")
    .description("end nodes and all of their agents, which do not come back on their own")
    .argument("[NODE...]", "nodes to end (default: all that are online)")
    .option("--yes", "do not ask");
  addLabelSelection(command);
  cli.connected(command, async (run, operator, ...names) => {
    await survey(operator, { signal: run.signal });
    const { fleet } = operator;
    const given = names.filter((name) => name !== undefined);
    const { labels } = nodeSelection(run.options);
    const nodes = selectByName(fleet, given, labels);
    const online = nodes.filter((node) => stateOf(node, Date.now()) !== "offline");
    if (nodes.length === 0) run.note("No node is online");
    for (const { name, agents } of online) run.note(`${name}: ${agents.join(", ") || "no agents"}`);
    if (online.length > 0 && !await agreed(run, `This ends ${count(online.length, "node")} for good`)) {
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
    // Do not wait for a node that is offline.
    onlineNode(operator.fleet, node);
    const agents = await stopNode(operator, node, commandOptions(run));
    if (!run.json) run.print(`Node '${node}' has ended, with ${count(agents.length, "agent")}`);
    return { ok: true, node, agents, code: EXIT.ok };
  } catch (error) {
    if (
      !(error instanceof RefusedError || error instanceof NoAnswerError || error instanceof OperationError)
    ) {
      throw error;
    }
    const whose = error instanceof RefusedError ? `Node '${node}': ` : "";
    run.note(whose + wordsOf(error));
    return { ok: false, node, error: error.message, code: codesOf(error).exit };
  }
}
