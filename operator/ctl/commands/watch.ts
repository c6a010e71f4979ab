/** `agentflow watch`: shows all or part of the bus traffic in readable form. */
import { type Command, InvalidArgumentError } from "commander";
import { ConfigError } from "../../../protocol/config/config_error.ts";
import { listen } from "../../operations/listen.ts";
import { selectedNames } from "../../operations/selection.ts";
import { survey } from "../../operations/survey.ts";
import { isWanted } from "../../operations/traffic.ts";
import type { Operator } from "../../operator.ts";
import { filterError } from "../../../protocol/topics.ts";
import type { Cli, Run } from "../cli.ts";
import { EXIT } from "../exit_code.ts";
import { isSet, milliseconds, text } from "../options.ts";
import { addNodeSelection, nodeSelection } from "../selection.ts";
import { messageJson, messageLine, Names } from "../render/message.ts";

export function addWatch(program: Command, cli: Cli): void {
  const command = program.command("watch")
    .description("show all traffic, or part of it, until Ctrl-C")
    .argument("[FILTER...]", "MQTT topic filters, such as 'sensors/#' (default: everything)")
    .option("--agent <AGENT>", "only messages about this agent")
    .option("--grep <TEXT>", "only messages with this text in topic or payload")
    .option("--heartbeats", "include heartbeats and metrics")
    .option("--no-retained", "leave out messages that the broker retained")
    .option("--count <NUMBER>", "end after this many messages", wholeNumber)
    .option("--for <SECONDS>", "end after this time");
  addNodeSelection(command);
  cli.connected(command, async (run, operator, ...given) => {
    const topics = given.length === 0 ? ["#"] : given.filter((topic) => topic !== undefined);
    for (const topic of topics) {
      const problem = filterError(topic);
      if (problem !== undefined) throw new ConfigError(`Cannot watch '${topic}': ${problem}`);
    }
    const [agent, grep] = ["agent", "grep"].map((name) => text(run.options, name));
    const nodes = await watchedNodes(run, operator);
    const filter = { topics, agent, nodes, text: grep, heartbeats: isSet(run.options, "heartbeats") };
    const names = new Names();
    let left = typeof run.options.count === "number" ? run.options.count : Infinity;
    await listen(operator, {
      filters: topics,
      forMs: milliseconds(run.options, "for"),
      signal: run.signal,
      onMessage: (message) => {
        if (message.retained && run.options.retained === false) return false;
        const line = messageLine(message, Date.now(), names, run.stdout);
        if (!isWanted(filter, message)) return false;
        if (run.json) run.printJson(messageJson(message));
        else run.print(line);
        return --left <= 0;
      },
    });
    return EXIT.ok;
  });
}

/** A single node need not be known yet. @throws OperationError when no node has the labels */
async function watchedNodes(run: Run, operator: Operator): Promise<ReadonlySet<string> | undefined> {
  const selection = nodeSelection(run.options);
  if (selection.labels === undefined) {
    return selection.node === undefined ? undefined : new Set([selection.node]);
  }
  await survey(operator, { signal: run.signal });
  return selectedNames(operator.fleet, selection);
}

function wholeNumber(given: string): number {
  if (/^[1-9]\d{0,8}$/.test(given)) return Number(given);
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
