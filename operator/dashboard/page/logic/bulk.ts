/** Actions on several agents at once: which there are, and to which agents each applies. Pure. */
import { ConfigError } from "../../../../protocol/config/config_error.ts";
import { parseSelector, type Selector, selects } from "../../../fleet/selector.ts";
import type { ActionOutcome, AgentDto, NodeDto } from "../../wire.ts";
import type { AgentState } from "./states.ts";

interface BulkRule {
  readonly label: string;
  /** What has happened to an agent when the action has succeeded. */
  readonly done: string;
  readonly danger?: true;
  readonly fits: (state: AgentState) => boolean;
}

const hasEnded = (state: AgentState) => state === "stopped" || state === "failed";
const isThere = (state: AgentState) => !hasEnded(state) && state !== "lost" && state !== "unknown";

/** By the last part of the path of the server's action. In the order of the buttons. */
export const BULK_ACTIONS = {
  pause: { label: "Pause", done: "paused", fits: (state) => isThere(state) && state !== "paused" },
  resume: { label: "Resume", done: "resumed", fits: (state) => state === "paused" },
  restart: { label: "Restart", done: "restarted", fits: isThere },
  stop: { label: "Stop", done: "stopped", fits: isThere },
  start: { label: "Start", done: "started", fits: hasEnded },
  delete: { label: "Delete", done: "deleted", danger: true, fits: isThere },
} as const satisfies Readonly<Record<string, BulkRule>>;

export type BulkAction = keyof typeof BULK_ACTIONS;
export const BULK_ROWS = Object.entries(BULK_ACTIONS) as readonly (readonly [BulkAction, BulkRule])[];

/** What has become of one agent; `busy` while the server has not answered. */
export type BulkOutcome = ActionOutcome | "busy";

/** "2 stopped, 1 failed". */
export function bulkSummary(action: BulkAction, outcomes: Iterable<BulkOutcome>): string {
  let [good, bad] = [0, 0];
  for (const outcome of outcomes) {
    if (outcome === "busy") continue;
    if (outcome.ok) good += 1;
    else bad += 1;
  }
  return `${good} ${BULK_ACTIONS[action].done}${bad > 0 ? `, ${bad} failed` : ""}`;
}

/** The choice of agents by the labels of their nodes. */
export type LabelFilter =
  | { readonly kind: "all" }
  | { readonly kind: "by"; readonly selector: Selector }
  | { readonly kind: "wrong"; readonly problem: string };

/** @param text such as `room=kitchen,!beta`, as after `-l` on the command line */
export function labelFilter(text: string): LabelFilter {
  if (text.trim() === "") return { kind: "all" };
  try {
    return { kind: "by", selector: parseSelector(text) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { kind: "wrong", problem: error.message };
  }
}

/** While the text is wrong, for instance half typed, nothing is left out. */
export function fitsLabels(
  filter: LabelFilter,
  agent: AgentDto,
  nodes: ReadonlyMap<string, NodeDto>,
): boolean {
  return filter.kind !== "by" || selects(filter.selector, nodes.get(agent.node ?? "")?.labels ?? {});
}
