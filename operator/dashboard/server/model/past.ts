/** What a model is told of an earlier time, and what it tells to be kept. */
import type { AgentView, NodeView } from "../../../fleet/views.ts";
import type { AlertEntry, ErrorEntry, TimelineEvent } from "../../wire.ts";
import type { Config } from "./spawns.ts";

/** What was known before a restart; entries are in order of their `seq`. */
export interface Past {
  readonly nodes: readonly NodeView[];
  readonly agents: readonly AgentView[];
  readonly events: readonly TimelineEvent[];
  readonly alerts: readonly AlertEntry[];
  readonly errors: readonly ErrorEntry[];
}

/** Told what the model itself keeps for an hour only, or not at all. Times are epoch seconds. */
export interface Witness {
  /** A number about an agent (by `actor_id`), a node (by name), or on a topic. */
  number(
    about: { readonly owner: string; readonly topic: string; readonly field: string },
    unit: string | null,
    time: number,
    value: number,
  ): void;
  /** A config that was seen. */
  config(
    config: Config,
    source: "spawn" | "desired_state" | "node",
    node: string | undefined,
    time: number,
  ): void;
}

export const NO_WITNESS: Witness = { number: () => {}, config: () => {} };
