/** What the dashboard remembers: written down as it happens, thinned as it ages, read for the API. */
import type { AuditEntry } from "../../wire.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";
import type { Past, Witness } from "../model/past.ts";
import type { Store } from "../store/store.ts";
import { type EntriesOf, entryOf } from "./entries.ts";
import { type Bounds, Forgetting } from "./forget.ts";
import { Numbers } from "./numbers.ts";
import { recall } from "./recall.ts";
import { Recorder } from "./recorder.ts";
import type { EntryType } from "./tables.ts";
import type { Ages } from "./thin.ts";
import { Versions } from "./versions.ts";

/** Which entries to read. */
export interface EntryQuery {
  readonly limit: number;
  /** Only those with a smaller `seq`. */
  readonly before: number;
  /** `null` for all. */
  readonly actorId: string | null;
  readonly node: string | null;
}

export class Memory {
  readonly #forgetting: Forgetting;

  private constructor(
    private readonly store: Store,
    readonly numbers: Numbers,
    readonly versions: Versions,
    bounds: Bounds,
  ) {
    this.#forgetting = new Forgetting(store, bounds);
  }

  static async open(store: Store, bounds: Bounds): Promise<Memory> {
    return new Memory(store, await Numbers.open(store), await Versions.open(store), bounds);
  }

  /** What was known at the end of the last dashboard. @param now epoch seconds, as everywhere here */
  async past(now: number): Promise<Past> {
    return await recall(this.store, now);
  }

  /** For the model to tell what it does not keep. */
  get witness(): Witness {
    return {
      number: (about, unit, time, value) => this.numbers.add(about, unit, time, value),
      config: (config, source, node, time) => this.versions.note(config, source, node, time),
    };
  }

  /** Writes down the changes of a model. */
  recorderOf(model: Model): { note(changes: readonly Change[], now: number): void } {
    return new Recorder(this.store, model);
  }

  get ages(): Ages {
    return this.#forgetting.ages;
  }

  /** Hands the numbers that have come to the database: to be called every second. */
  save(): void {
    this.numbers.save();
  }

  /** Thins and forgets: to be called every minute. */
  async tend(now: number): Promise<void> {
    await this.numbers.thin(now);
    await this.#forgetting.round(now);
  }

  audit({ ok, ...entry }: AuditEntry): void {
    this.store.queue.insert("audit", { ...entry, ok: ok ? 1 : 0 });
  }

  /** The newest, oldest first. */
  async audited(limit: number): Promise<AuditEntry[]> {
    await this.store.queue.flush();
    const rows = await this.store.db.selectFrom("audit")
      .select(["time", "who", "action", "target", "ok", "message"]).orderBy("id", "desc").limit(limit)
      .execute();
    return rows.reverse().map((row) => ({ ...row, ok: row.ok === 1 }));
  }

  /** The newest that fit, oldest first. */
  async entries<What extends EntryType>(what: What, query: EntryQuery): Promise<EntriesOf[What][]> {
    const { limit, before, actorId, node } = query;
    await this.store.queue.flush();
    let select = this.store.db.selectFrom("entries").selectAll().where("what", "=", what)
      .where("seq", "<", before);
    if (actorId !== null) select = select.where("actor_id", "=", actorId);
    if (node !== null) select = select.where("node", "=", node);
    const rows = await select.orderBy("seq", "desc").limit(limit).execute();
    return rows.reverse().map((row) => entryOf(what, row));
  }
}
