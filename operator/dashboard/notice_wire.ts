/** Rules and notices, as the server keeps them and the page shows them. Times are epoch seconds. */
import type { Level } from "./wire.ts";

/** States of agents that a rule can watch for. */
export const WATCHED_STATES = ["failed", "restarting", "unresponsive", "stopped"] as const;
export type WatchedState = typeof WATCHED_STATES[number];

export const COMPARISONS = ["above", "below", "missing"] as const;
export type Comparison = typeof COMPARISONS[number];

/** What a rule watches for. Names may be patterns with `*`. */
export type Watch =
  /** The node is offline, or three heartbeats are missing. */
  | { readonly kind: "node_off"; readonly node: string }
  | { readonly kind: "agent_state"; readonly agent: string; readonly states: readonly WatchedState[] }
  /** An agent publishes an alert of this severity or above. */
  | { readonly kind: "alert"; readonly agent: string; readonly severity: Level }
  | {
    readonly kind: "reading";
    /** A topic, or a filter with `+` and `#`. */
    readonly topic: string;
    /** Path of the number in the payload; empty if the payload is the number. */
    readonly field: string;
    readonly compare: Comparison;
    /** Not used by `missing`. */
    readonly limit: number;
  }
  /** The dashboard has no connection to the broker. */
  | { readonly kind: "broker_off" };

/** The fields of a rule that people set. */
export interface RuleFields {
  readonly name: string;
  readonly watch: Watch;
  /** How long the condition must hold before it is told. */
  readonly hold_seconds: number;
  /** How long the condition must be over before it counts as over. */
  readonly calm_seconds: number;
  /** How often it is told again while it holds and nobody has acknowledged it; 0 for never. */
  readonly repeat_seconds: number;
  /** Names of channels; empty: it is only shown on the page. */
  readonly channels: readonly string[];
  readonly enabled: boolean;
}

export interface Rule extends RuleFields {
  readonly id: string;
  /** Until then it is shown but not told; null: not muted. */
  readonly muted_until: number | null;
}

/** Who acknowledged a notice, and when. */
export interface Acknowledgement {
  readonly by: string;
  readonly at: number;
}

/** One condition of one node, agent or reading, from its begin to its end. */
export interface Notice {
  readonly id: string;
  readonly rule_id: string;
  readonly rule_name: string;
  /** Which node, agent or reading it is about. */
  readonly subject: string;
  readonly text: string;
  readonly since: number;
  /** How often it has happened: more than once only for alerts. */
  readonly count: number;
  readonly acknowledged: Acknowledgement | null;
  /** Null while it holds. */
  readonly ended: number | null;
}

/** A message that is or was on its way. */
export interface DeliveryDto {
  readonly id: string;
  readonly channel: string;
  readonly title: string;
  readonly created: number;
  readonly status: "waiting" | "sent" | "failed";
  readonly attempts: number;
  readonly error: string | null;
}

export const CHANNEL_KINDS = ["webhook", "ntfy", "email", "mqtt"] as const;
export type ChannelKind = typeof CHANNEL_KINDS[number];

export interface ChannelDto {
  readonly name: string;
  readonly kind: ChannelKind;
}

/** Everything that the view "Notices" shows. */
export interface NoticeBoard {
  readonly rules: readonly Rule[];
  /** Those that hold, then those that have ended, newest first. */
  readonly notices: readonly Notice[];
  readonly channels: readonly ChannelDto[];
  /** The newest first. */
  readonly deliveries: readonly DeliveryDto[];
  /** By the source of alerts, an agent's `actor_id` or a node's name: all alerts up to that time are acknowledged. */
  readonly alerts: Readonly<Record<string, Acknowledgement>>;
  /** Why nothing is told at present, for instance because another dashboard does; null: it is told. */
  readonly idle: string | null;
}
