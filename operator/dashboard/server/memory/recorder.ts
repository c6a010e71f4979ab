/** Writes down what changes in the model, as it happens. */
import { TokenBucket } from "../../../../protocol/token_bucket.ts";
import type { AgentView, NodeView } from "../../../fleet/views.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";
import type { Store } from "../store/store.ts";
import { type EntryChange, rowOf } from "./entries.ts";

/** Entries kept of one agent or node: an hour's flood of one must not push out a year of the others. */
const ENTRIES = { perSecond: 0.2, burst: 200 } as const;
const MAX_SOURCES = 10_000;
/** How old the time may be at which an unchanged agent was last heard of, seconds. */
const REFRESH_SECONDS = 600;
/** A larger view is kept without its manifest, and without devices. */
const MAX_VIEW_CHARS = 16 * 1024;

interface Noted {
  readonly sign: string;
  readonly time: number;
}

/** Invariant: what does not change is not written again until it is old. */
export class Recorder {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #noted = new Map<string, Noted>();
  #notKept = 0;

  constructor(private readonly store: Store, private readonly model: Model) {}

  /** Entries that were too many to keep. */
  get notKept(): number {
    return this.#notKept;
  }

  /** @param now epoch seconds */
  note(changes: readonly Change[], now: number): void {
    for (const change of changes) this.#note(change, now);
  }

  #note(change: Change, now: number): void {
    switch (change.kind) {
      case "event":
      case "alert":
      case "error":
        return this.#entry(change, now);
      case "agent": {
        const view = this.model.fleet.agent(change.actorId);
        if (view !== undefined) this.#agent(view, now);
        return;
      }
      case "node": {
        const view = this.model.fleet.node(change.name);
        if (view !== undefined) this.#node(view, now);
        return;
      }
      case "gone":
        return this.#gone(change.actorId);
      case "log":
        return;
      default:
        change satisfies never;
    }
  }

  #entry(change: EntryChange, now: number): void {
    const { actor_id, node } = change.entry;
    const key = `${change.kind} ${actor_id ?? node ?? ""}`;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(ENTRIES.perSecond, now * 1000, ENTRIES.burst);
      const [oldest] = this.#buckets.keys();
      if (this.#buckets.size >= MAX_SOURCES && oldest !== undefined) this.#buckets.delete(oldest);
      this.#buckets.set(key, bucket);
    }
    if (bucket.tryTake(now * 1000)) this.store.queue.insert("entries", rowOf(change));
    else this.#notKept += 1;
  }

  #agent(view: AgentView, now: number): void {
    const { manifest: _, ...small } = view;
    const sign = `${view.state} ${view.node} ${view.restarts} ${view.manifest === undefined}`;
    this.#seen("agent", view.actorId, view.node ?? "", sign, now, view, small);
  }

  #node(view: NodeView, now: number): void {
    const { devices: _, ...small } = view;
    const sign = `${view.isOnline} ${view.instance} ${view.agents.length}`;
    this.#seen("node", view.name, "", sign, now, view, small);
  }

  #seen(
    what: "agent" | "node",
    id: string,
    node: string,
    sign: string,
    time: number,
    view: object,
    small: object,
  ) {
    const key = `${what} ${id} ${node}`;
    const before = this.#noted.get(key);
    if (before !== undefined && before.sign === sign && time - before.time < REFRESH_SECONDS) return;
    this.#noted.set(key, { sign, time });
    const whole = JSON.stringify(view);
    const row = {
      what,
      id,
      node,
      time,
      view: whole.length <= MAX_VIEW_CHARS ? whole : JSON.stringify(small),
    };
    if (row.view.length > MAX_VIEW_CHARS) return;
    this.store.queue.run(async (transaction) => {
      await transaction.insertInto("last_seen").values(row).onConflict((conflict) =>
        conflict.columns(["what", "id", "node"]).doUpdateSet({ time, view: row.view })
      ).execute();
    });
  }

  #gone(actorId: string): void {
    for (const key of this.#noted.keys()) if (key.startsWith(`agent ${actorId} `)) this.#noted.delete(key);
    this.store.queue.run(async (transaction) => {
      await transaction.deleteFrom("last_seen").where("what", "=", "agent").where("id", "=", actorId)
        .execute();
    });
  }
}
