/** What a message changes in the model. */
import type { AlertEntry, ErrorEntry, LogLine, TimelineEvent } from "../../wire.ts";

/** What a message changed. */
export type Change =
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "agent"; readonly actorId: string; readonly report: string }
  | { readonly kind: "gone"; readonly actorId: string }
  | { readonly kind: "event"; readonly entry: TimelineEvent }
  | { readonly kind: "alert"; readonly entry: AlertEntry }
  | { readonly kind: "error"; readonly entry: ErrorEntry }
  | { readonly kind: "log"; readonly entry: LogLine };

/** The agent or node that an entry is about. */
export interface About {
  readonly node: string | null;
  readonly agent: string | null;
  readonly actor_id: string | null;
}
