/** Surveys the fleet: asks the nodes instead of waiting for their next heartbeat. */
import { FLEET_FILTERS, type FleetChange } from "../fleet/fleet.ts";
import type { BusMessage } from "../bus.ts";
import type { Operator } from "../operator.ts";
import { pause } from "../../protocol/abort.ts";
import { callRoll } from "./roll_call.ts";

export interface SurveyOptions {
  /** How long nodes may take to answer, milliseconds. */
  readonly answerMs?: number;
  /** How long to listen for nodes that publish no birth message, milliseconds. */
  readonly listenMs?: number;
  readonly signal?: AbortSignal;
}

const ANSWER_MS = 3000;
/** How long the broker may take to deliver its retained messages. */
const RETAINED_MS = 5000;

/** Keeps the fleet up to date until disposed of. @param onChange called for each change */
export async function watchFleet(
  { bus, fleet }: Operator,
  onChange: (change: FleetChange) => void = () => {},
): Promise<Disposable> {
  const handler = ({ topic, payload }: BusMessage) => {
    const change = fleet.apply(topic, payload, Date.now());
    if (change !== undefined) onChange(change);
  };
  return await bus.subscribeAll(FLEET_FILTERS.map((filter) => ({ filter, handler })));
}

/**
 * Fills the fleet from retained messages, then from the answers of the nodes, also of those that the broker keeps nothing
 * of. Nodes that do not know the question to all are asked one by one.
 * @returns the nodes that claim to be online but did not answer
 */
export async function survey(operator: Operator, options: SurveyOptions = {}): Promise<readonly string[]> {
  using _watch = await watchFleet(operator);
  await hearsItself(operator);
  const { listenMs = 0, signal } = options;
  if (listenMs > 0) await pause(listenMs, signal);
  const answered = await callRoll(operator, { signal });
  const unheard = operator.fleet.nodes.filter(({ name, isOnline }) => isOnline && !answered.has(name));
  const silent = await Promise.all(
    unheard.map(async ({ name }) => await ask(operator, name, options.answerMs ?? ANSWER_MS) ? [] : [name]),
  );
  // Heartbeats published along with the answers arrive before our own message comes back.
  await hearsItself(operator);
  return silent.flat();
}

/** Whether the node has answered; its agents are then in the fleet. */
export async function ask({ commander, fleet }: Operator, node: string, timeoutMs: number): Promise<boolean> {
  try {
    const { agents } = await commander.command(node, "list", {}, { timeoutMs });
    if (Array.isArray(agents)) fleet.applyList(node, agents, Date.now());
    return true;
  } catch {
    // No answer, or no support for `list`: keep what is known about the node.
    return false;
  }
}

/**
 * Sends a message to ourselves, which arrives after everything the broker already had for us.
 * @returns whether it arrived: a broker whose access rules forbid it drops the message silently
 */
export async function hearsItself({ bus }: Pick<Operator, "bus">): Promise<boolean> {
  const topic = `main/reply/${crypto.randomUUID()}`;
  const came = Promise.withResolvers<boolean>();
  using _subscription = await bus.subscribe(topic, () => came.resolve(true));
  await bus.publish(topic, "");
  const timer = setTimeout(() => came.resolve(false), RETAINED_MS);
  const heard = await came.promise;
  clearTimeout(timer);
  return heard;
}
