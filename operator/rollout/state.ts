/** The state of a roll-out, its events, and the effects to carry out. Plain data, which the broker retains as JSON. */

export interface Limits {
  /** How long the nodes of a wave are watched before the next wave begins, milliseconds. */
  readonly soakMs: number;
  /** More failed nodes than this stop the roll-out. */
  readonly maxFailures: number;
  readonly onFailure: "halt" | "rollback";
}

/** What became of the change on one node. */
export type Outcome =
  | { readonly kind: "ok" }
  | { readonly kind: "failed"; readonly why: string }
  /** The node is off, and takes the change when it returns. */
  | { readonly kind: "pending"; readonly why: string }
  /** The node takes the change later by itself, and the wave waits for it. */
  | { readonly kind: "waiting"; readonly why: string };

export type EndedHow = "done" | "halted" | "rolled_back" | "aborted";

export type Phase =
  /** The next wave has not begun; it does not begin while the roll-out is paused. */
  | { readonly kind: "ready" }
  /** @param isSent whether the change has been sent to all nodes of the wave, and only their outcomes are missing */
  | { readonly kind: "changing"; readonly nodes: readonly string[]; readonly isSent: boolean }
  | { readonly kind: "soaking"; readonly nodes: readonly string[]; readonly untilMs: number }
  /** Nodes that have not taken the change yet are given back their previous state. */
  | { readonly kind: "withdrawing"; readonly nodes: readonly string[]; readonly ends: Ending }
  /** All changed nodes are given back their previous state. */
  | { readonly kind: "reverting"; readonly nodes: readonly string[]; readonly ends: Ending }
  | { readonly kind: "ended"; readonly how: EndedHow; readonly why: string };

export interface Ending {
  readonly how: EndedHow;
  readonly why: string;
}

export interface RolloutState {
  readonly limits: Limits;
  /** The nodes of each wave. Each node is in one of them. */
  readonly waves: readonly (readonly string[])[];
  /** The index of the current wave. */
  readonly wave: number;
  readonly phase: Phase;
  /** The nodes that the change has been sent to. */
  readonly changed: readonly string[];
  /** Why each failed node failed. */
  readonly failures: Readonly<Record<string, string>>;
  /** Why each node that was sent the change has not taken it yet. */
  readonly pending: Readonly<Record<string, string>>;
  readonly isPaused: boolean;
  /** An abort that waits until the change has been sent; `undefined`: there is none. */
  readonly aborts: { readonly reverts: boolean; readonly by: string } | undefined;
}

export type RolloutEvent =
  /** It begins, or goes on after the executor has died. */
  | { readonly kind: "begin" }
  /** @param off the nodes that cannot be reached now */
  | { readonly kind: "looked"; readonly off: readonly string[] }
  | { readonly kind: "outcomes"; readonly outcomes: Readonly<Record<string, Outcome>> }
  | { readonly kind: "unhealthy"; readonly node: string; readonly why: string }
  /** The soak is over, and every node has been checked. */
  | { readonly kind: "soaked" }
  | { readonly kind: "withdrawn" }
  | { readonly kind: "reverted"; readonly failures: Readonly<Record<string, string>> }
  /** Somebody else has changed the fleet. */
  | { readonly kind: "overtaken"; readonly why: string }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** @param isAlone whether the executor has died: nothing is being sent, though some of it may have arrived */
  | {
    readonly kind: "abort";
    readonly reverts: boolean;
    readonly by: string;
    readonly isAlone?: boolean;
  };

export type RolloutEffect =
  /** Find out which nodes can be reached; answered by `looked`. */
  | { readonly kind: "look" }
  /** Send the change; answered by `outcomes`, at first for all nodes, later again for those that waited. */
  | { readonly kind: "change"; readonly nodes: readonly string[] }
  /** Watch the nodes; answered by `unhealthy` at any time, and by `soaked`. */
  | { readonly kind: "soak"; readonly nodes: readonly string[]; readonly untilMs: number }
  /** Answered by `withdrawn`. */
  | { readonly kind: "withdraw"; readonly nodes: readonly string[] }
  /** Answered by `reverted`. */
  | { readonly kind: "revert"; readonly nodes: readonly string[] };

export function newRollout(waves: readonly (readonly string[])[], limits: Limits): RolloutState {
  return {
    limits,
    waves,
    wave: 0,
    phase: { kind: "ready" },
    changed: [],
    failures: {},
    pending: {},
    isPaused: false,
    aborts: undefined,
  };
}
