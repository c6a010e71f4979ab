/**
 * An agent's name is one identity in the whole fleet. Its epoch says which placement of that name this is: it rises each
 * time somebody decides where the agent runs. Nodes and main machines that know no epoch count as epoch 0. Pure.
 */

/** An agent of the same name on another node, as its heartbeat tells. */
export interface Rival {
  readonly epoch: number;
  readonly state: string;
}

export type PlacementVerdict =
  /** The other one was placed later: this one ends. */
  | "yield"
  /** This one was placed later: the other one ends, or does not know how to. */
  | "stay"
  /** Nobody can tell which one is meant: an operator has to. */
  | "conflict"
  /** The other one does not run. */
  | "none";

/** An agent in one of these states does not run, and starts no more. */
const ENDED: ReadonlySet<unknown> = new Set(["stopped", "failed"]);

/** What an agent of this epoch does about another one of its name. Both nodes decide by the same two numbers. */
export function placementVerdict(epoch: number, rival: Rival): PlacementVerdict {
  if (ENDED.has(rival.state)) return "none";
  if (rival.epoch > epoch) return "yield";
  return rival.epoch === epoch ? "conflict" : "stay";
}

/** The epoch in a report; 0 from a node that knows none. */
export function epochIn(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/**
 * The epoch of the next placement: above all that are known, and no less than the time, so that it is also above those of
 * nodes that nobody hears at the moment.
 */
export function nextEpoch(known: Iterable<number>, nowSeconds: number): number {
  return Math.max(Math.floor(nowSeconds), ...[...known].map((epoch) => epoch + 1));
}
