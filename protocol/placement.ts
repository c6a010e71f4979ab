/**
 * An agent's name is one identity in the whole fleet. Its epoch says which placement of that name this is: it rises each
 * time somebody decides where the agent runs. Nodes and main machines that know no epoch count as epoch 0. Pure.
 */

/** An agent of the same name on another node, as its heartbeat reports it. */
export interface Rival {
  readonly epoch: number;
  readonly state: string;
}

export type PlacementVerdict =
  /** The other one was placed later: this one ends. */
  | "yield"
  /** This one was placed later: the other one ends, unless its node does not know epochs. */
  | "stay"
  /** Undecidable: an operator must choose. */
  | "conflict"
  /** The other one does not run. */
  | "none";

/** An agent in one of these states does not run, and will not start again. */
const ENDED: ReadonlySet<unknown> = new Set(["stopped", "failed"]);

/** What an agent with this epoch does about another agent of its name. Both nodes compare the same two epochs. */
export function placementVerdict(epoch: number, rival: Rival): PlacementVerdict {
  if (ENDED.has(rival.state)) return "none";
  if (rival.epoch > epoch) return "yield";
  return rival.epoch === epoch ? "conflict" : "stay";
}

/**
 * The epoch of an agent that moves.
 * @param ordered by whoever moves it; 0 if they know no epochs
 * @param nowSeconds when the move was ordered
 */
export function epochAfterMove(before: number, ordered: number, nowSeconds: number): number {
  return ordered > before ? ordered : nextEpoch([before], nowSeconds);
}

/** The epoch in a report; 0 from a node that knows none. */
export function epochIn(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/** The epoch after those that are known, at least the time of the decision. Both nodes of a move compute the same one. */
function nextEpoch(known: Iterable<number>, now: number): number {
  return Math.max(Math.floor(now), ...[...known].map((epoch) => epoch + 1));
}

/** How many epochs there are in a millisecond. */
const SPREAD = 1000;

/**
 * The epoch of an operator's placement: above all known ones and at least the current time in microseconds, so that it
 * also exceeds the epochs on nodes that are unreachable at the moment, and those of agents that have failed since.
 * @param random from 0 to below 1: operators who place at the same time, and know the same, do not choose alike
 */
export function placementEpoch(known: Iterable<number>, nowMs: number, random: number): number {
  const ahead = Math.floor(random * SPREAD);
  return Math.max(Math.floor(nowMs) * SPREAD, nextEpoch(known, 0)) + ahead;
}
