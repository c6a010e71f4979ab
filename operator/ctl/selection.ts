/** Flags that select nodes and agents, and the loop that runs an action on each selected agent. */
import type { Command } from "commander";
import { NoAnswerError, RefusedError } from "../commander.ts";
import { parseSelector } from "../fleet/selector.ts";
import type { Located } from "../operations/find.ts";
import {
  type AgentSelection,
  isLimited,
  type NodeSelection,
  selectAgents,
  selectByName,
} from "../operations/selection.ts";
import type { Operator } from "../operator.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { codesOf, wordsOf } from "../../protocol/expected_error.ts";
import { agreed } from "./ask.ts";
import type { Run } from "./cli.ts";
import { EXIT } from "./exit_code.ts";
import { type Options, text } from "./options.ts";
import { count } from "./render/units.ts";

/** Reports an invalid selector as a usage error before connecting to the broker. */
export function addLabelSelection(command: Command): void {
  command.option("-l, --selector <LABELS>", "only nodes with these labels, such as room=kitchen,!beta")
    .hook("preAction", (_, acting) => void nodeSelection(acting.opts()));
}

export function addNodeSelection(command: Command): void {
  command.option("--node <NODE>", "only on this node");
  addLabelSelection(command);
}

/** Selects the nodes of the arguments, or by labels. Requires one of the two before connecting. */
export function addNamedNodes(command: Command): void {
  addLabelSelection(command);
  command.hook("preAction", (_, acting) => {
    if (acting.args.length > 0 || nodeSelection(acting.opts()).labels !== undefined) return;
    throw new ConfigError("Name the nodes, or choose them by --selector");
  });
}

/** @throws OperationError */
export function namedNodes(
  run: Run,
  { fleet }: Operator,
  names: readonly (string | undefined)[],
): readonly string[] {
  const given = names.filter((name) => name !== undefined);
  return selectByName(fleet, given, nodeSelection(run.options).labels).map(({ name }) => name);
}

/** Selects agents by name, or all agents of the selected nodes. Requires one of the two before connecting. */
export function addAgentSelection(command: Command): void {
  command.argument("[AGENT...]", "names, or patterns such as 'light-*' (default: all that the flags choose)");
  addNodeSelection(command);
  command.hook("preAction", (_, acting) => void agentSelection(acting.opts(), acting.args));
}

/** @throws ConfigError */
export function nodeSelection(options: Options): NodeSelection {
  const selector = text(options, "selector");
  return {
    node: text(options, "node"),
    labels: selector === undefined ? undefined : parseSelector(selector),
  };
}

/** Whether a name, with the flags, can mean several agents. @throws ConfigError */
export function isMany(options: Options, name: string): boolean {
  return name.includes("*") || isLimited(nodeSelection(options));
}

/** @throws ConfigError for an empty selection: a forgotten name must not mean every agent */
function agentSelection(options: Options, names: readonly string[]): AgentSelection {
  const selection = nodeSelection(options);
  if (names.length > 0 || isLimited(selection)) return { ...selection, names };
  throw new ConfigError("Name the agents, or choose nodes by --node or --selector");
}

/** An action on each selected agent. */
export interface Deed {
  readonly act: (place: Located) => Promise<void>;
  readonly asJson: (place: Located) => Readonly<Record<string, unknown>>;
  /** The message after success. */
  readonly words: (place: Located) => string;
  /** The verb in the confirmation prompt for several agents, such as `stops`; without it, there is no prompt. */
  readonly ask: string | undefined;
}

/** @throws ConfigError; OperationError */
export function agentsGiven(
  { options }: Run,
  { fleet }: Operator,
  given: readonly (string | undefined)[],
): readonly Located[] {
  return selectAgents(fleet, agentSelection(options, given.filter((name) => name !== undefined)));
}

/** Runs the action on each selected agent. @returns the exit code @throws ConfigError; OperationError */
export async function eachAgent(
  run: Run,
  operator: Operator,
  given: readonly (string | undefined)[],
  deed: Deed,
): Promise<number> {
  const places = agentsGiven(run, operator, given);
  const [only] = places;
  if (only !== undefined && places.length === 1) {
    await deed.act(only);
    if (run.json) run.printJson({ ok: true, ...deed.asJson(only) });
    else run.print(deed.words(only));
    return EXIT.ok;
  }
  for (const { name, node } of places) run.note(`${node}/${name}`);
  if (deed.ask !== undefined && !await agreed(run, `This ${deed.ask} ${count(places.length, "agent")}`)) {
    run.note("Nothing has been changed");
    return EXIT.failed;
  }
  const results = await Promise.all(places.map((place) => tried(run, place, deed)));
  if (run.json) run.printJson(results.map(({ code: _code, ...result }) => result));
  return Math.max(EXIT.ok, ...results.map(({ code }) => code));
}

async function tried(run: Run, place: Located, { act, asJson, words }: Deed) {
  try {
    await act(place);
    if (!run.json) run.print(words(place));
    return { ok: true, ...asJson(place), code: EXIT.ok };
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof NoAnswerError)) throw error;
    run.note(`${place.node}/${place.name}: ${wordsOf(error)}`);
    return { ok: false, ...asJson(place), error: error.message, code: codesOf(error).exit };
  }
}
