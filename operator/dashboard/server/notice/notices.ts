/** Watches the model by the rules, and commits what is to be told to the outbox. */
import type { Notice, Rule, RuleFields } from "../../notice_wire.ts";
import { RequestError } from "../../../http/bodies.ts";
import type { Change } from "../model/change.ts";
import { messageOf } from "./message.ts";
import { happening, type Observation, observe, type View } from "./observe.ts";
import type { Commit, KeptNotice, NoticeShelf } from "./shelf.ts";
import { type NoticeEffect, type NoticeEvent, QUIET, transition } from "./transition.ts";

const MAX_RULES = 200;
/** Any client at the broker can invent subjects. */
const MAX_NOTICES = 5000;
/** A dashboard that has not renewed its lease for this long is gone: another one may tell. */
const LEASE_SECONDS = 60;
const RENEW_SECONDS = 15;
const KEPT_SECONDS = 30 * 24 * 3600;
const EXPIRE_SECONDS = 3600;

export interface NoticesOptions {
  readonly shelf: NoticeShelf;
  readonly view: () => View;
  /** Called after deliveries were added. */
  readonly onDeliveries: () => void;
  /** Called when what the page shows has changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
  readonly newId?: () => string;
}

/**
 * Invariants: what is told is committed together with the state that says so, before it is sent; only one dashboard tells;
 * what could not be committed is committed with the next step.
 */
export class Notices {
  readonly #rules = new Map<string, Rule>();
  readonly #notices = new Map<string, KeptNotice>();
  readonly #me = crypto.randomUUID();
  #leading = false;
  #renewAt = -Infinity;
  #expireAt = -Infinity;
  #unsaved = new Set<string>();
  #ended: Notice[] = [];
  #deliveries: Commit["deliveries"][number][] = [];
  #stepping: Promise<void> = Promise.resolve();
  readonly #newId: () => string;

  constructor(private readonly options: NoticesOptions) {
    this.#newId = options.newId ?? (() => crypto.randomUUID());
  }

  /** Whether this dashboard is the one that tells. */
  get isLeading(): boolean {
    return this.#leading;
  }

  /** Resolves when the step that is under way has ended. */
  get settled(): Promise<void> {
    return this.#stepping;
  }

  get rules(): readonly Rule[] {
    return [...this.#rules.values()];
  }

  /** Those that hold, the newest first. */
  get active(): readonly Notice[] {
    return [...this.#notices.values()].flatMap((kept) => this.#noticeOf(kept, null) ?? [])
      .sort((a, b) => b.since - a.since);
  }

  /** Judges all rules. Call it every second. @param now epoch seconds */
  tick(now: number): Promise<void> {
    return this.#inTurn(async () => {
      if (!await this.#lead(now)) return;
      const view = this.options.view();
      for (const rule of this.#rules.values()) {
        if (!rule.enabled) continue;
        for (const { subject, event } of observe(rule, view, now)) this.#step(rule, subject, event, now);
      }
      for (const { ruleId, subject } of [...this.#notices.values()]) {
        const rule = this.#rules.get(ruleId);
        if (rule?.enabled === true) this.#step(rule, subject, { kind: "tick" }, now);
      }
      await this.#commit();
      if (now < this.#expireAt) return;
      this.#expireAt = now + EXPIRE_SECONDS;
      await this.options.shelf.expire(now - KEPT_SECONDS);
    });
  }

  /** Call with what messages have changed. */
  note(changes: readonly Change[], now: number): void {
    const seen = changes.flatMap((change) => this.#observed(change));
    if (seen.length === 0) return;
    void this.#inTurn(async () => {
      if (!this.#leading) return;
      for (const { rule, observation: { subject, event } } of seen) this.#step(rule, subject, event, now);
      // A flood of alerts must not become a flood of writes: counts wait for the next tick.
      if (this.#deliveries.length > 0 || this.#ended.length > 0) await this.#commit();
    });
  }

  /** @param id of the rule to replace; undefined for a new one */
  saveRule(id: string | undefined, fields: RuleFields): Promise<Rule> {
    return this.#led(async () => {
      const before = id === undefined ? undefined : this.#ruleOf(id);
      if (before === undefined && this.#rules.size >= MAX_RULES) {
        throw new RequestError("conflict", `there are ${MAX_RULES} rules already: remove one first`);
      }
      const rule = { ...fields, id: before?.id ?? this.#newId(), muted_until: before?.muted_until ?? null };
      await this.#saved(rule);
      // What it watched for before may be something else.
      const isSame = JSON.stringify(before?.watch) === JSON.stringify(rule.watch) && rule.enabled;
      if (before !== undefined && !isSame) await this.#closeAll(rule);
      return rule;
    });
  }

  removeRule(id: string): Promise<void> {
    return this.#led(async () => {
      const rule = this.#ruleOf(id);
      await this.#closeAll(rule);
      await this.options.shelf.removeRule(id);
      this.#rules.delete(id);
      this.options.onChange();
    });
  }

  /** @param until epoch seconds; null: not muted any longer */
  muteRule(id: string, until: number | null): Promise<void> {
    return this.#led(() => this.#saved({ ...this.#ruleOf(id), muted_until: until }));
  }

  acknowledge(noticeId: string, by: string, now: number): Promise<void> {
    return this.#onNotice(noticeId, { kind: "acknowledged", by }, now);
  }

  /** Ends a notice whose condition nobody can judge any more. */
  close(noticeId: string, now: number): Promise<void> {
    return this.#onNotice(noticeId, { kind: "closed" }, now);
  }

  /** Ends the turn; another dashboard may tell at once. */
  async dispose(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#leading) return;
      await this.#commit();
      this.#leading = false;
      await this.options.shelf.release(this.#me);
    });
  }

  #observed(change: Change): { readonly rule: Rule; readonly observation: Observation }[] {
    if (change.kind !== "alert") return [];
    return this.rules.flatMap((rule) => {
      const observation = rule.enabled ? happening(rule.watch, change.entry) : undefined;
      return observation === undefined ? [] : [{ rule, observation }];
    });
  }

  #onNotice(id: string, event: NoticeEvent, now: number): Promise<void> {
    return this.#led(async () => {
      const kept = [...this.#notices.values()].find((each) => each.id === id && each.state.kind === "active");
      if (kept === undefined) throw new RequestError("not_found", "this notice has ended");
      this.#step(this.#ruleOf(kept.ruleId), kept.subject, event, now);
      await this.#commit();
    });
  }

  #step(rule: Rule, subject: string, event: NoticeEvent, now: number): void {
    const key = keyOf(rule.id, subject);
    const before = this.#notices.get(key);
    const { state, effects } = transition(before?.state ?? QUIET, event, now, rule);
    if (state === (before?.state ?? QUIET)) return;
    if (before === undefined && this.#notices.size >= MAX_NOTICES) return;
    const kept = { id: before?.id ?? this.#newId(), ruleId: rule.id, subject, state };
    if (state.kind === "quiet") this.#notices.delete(key);
    else this.#notices.set(key, kept);
    this.#unsaved.add(key);
    for (const effect of effects) this.#perform(effect, rule, kept, now);
  }

  #perform(effect: NoticeEffect, rule: Rule, kept: KeptNotice, now: number): void {
    switch (effect.kind) {
      case "tell":
        for (const channel of rule.channels) {
          const id = `${kept.id}-${effect.number}-${channel}`;
          const message = messageOf(id, rule, kept.subject, effect, now);
          this.#deliveries.push({ id, channel, message, created: now });
        }
        return;
      case "ended": {
        const notice = this.#noticeOf({ ...kept, state: effect.last }, now);
        if (notice !== undefined) this.#ended.push(notice);
        return;
      }
      default:
        effect satisfies never;
    }
  }

  async #closeAll(rule: Rule): Promise<void> {
    const now = Date.now() / 1000;
    for (const { ruleId, subject } of [...this.#notices.values()]) {
      if (ruleId === rule.id) this.#step(rule, subject, { kind: "closed" }, now);
    }
    await this.#commit();
  }

  async #saved(rule: Rule): Promise<void> {
    await this.options.shelf.saveRule(rule);
    this.#rules.set(rule.id, rule);
    this.options.onChange();
  }

  async #commit(): Promise<void> {
    if (this.#unsaved.size === 0 && this.#ended.length === 0 && this.#deliveries.length === 0) return;
    const [unsaved, ended, deliveries] = [this.#unsaved, this.#ended, this.#deliveries];
    [this.#unsaved, this.#ended, this.#deliveries] = [new Set(), [], []];
    const notices = [...unsaved].map((key) =>
      this.#notices.get(key) ?? { ...idsIn(key), id: "", state: QUIET }
    );
    try {
      await this.options.shelf.commit({ notices, ended, deliveries });
    } catch (error) {
      for (const key of unsaved) this.#unsaved.add(key);
      this.#ended.unshift(...ended);
      this.#deliveries.unshift(...deliveries);
      throw error;
    }
    this.options.onChange();
    if (deliveries.length > 0) this.options.onDeliveries();
  }

  /** Renews the lease; on becoming the one that tells, takes over what is kept. */
  async #lead(now: number): Promise<boolean> {
    if (now < this.#renewAt) return this.#leading;
    const { shelf, onChange } = this.options;
    const isMine = await shelf.lease(this.#me, now, LEASE_SECONDS);
    this.#renewAt = now + RENEW_SECONDS;
    if (isMine && this.#leading) return true;
    // Another one tells, or did until now: what it has kept counts.
    this.#leading = false;
    [this.#unsaved, this.#ended, this.#deliveries] = [new Set(), [], []];
    const [rules, notices] = [await shelf.rules(), await shelf.notices()];
    this.#rules.clear();
    this.#notices.clear();
    for (const rule of rules) this.#rules.set(rule.id, rule);
    for (const kept of notices) this.#notices.set(keyOf(kept.ruleId, kept.subject), kept);
    this.#leading = isMine;
    onChange();
    return isMine;
  }

  #noticeOf({ id, ruleId, subject, state }: KeptNotice, ended: number | null): Notice | undefined {
    if (state.kind !== "active") return undefined;
    const { text, since, count, acknowledged } = state;
    const rule_name = this.#rules.get(ruleId)?.name ?? "";
    return { id, rule_id: ruleId, rule_name, subject, text, since, count, acknowledged, ended };
  }

  #ruleOf(id: string): Rule {
    const rule = this.#rules.get(id);
    if (rule === undefined) throw new RequestError("not_found", "there is no such rule");
    return rule;
  }

  /** A change by a person: only where it takes effect. */
  #led<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      if (this.#leading) return await work();
      throw new RequestError("conflict", "another dashboard of this database tells: change it there");
    }, true);
  }

  /** One step at a time. @param isTold whether the caller handles errors; otherwise they are logged */
  #inTurn(work: () => Promise<void>): Promise<void>;
  #inTurn<T>(work: () => Promise<T>, isTold: true): Promise<T>;
  #inTurn<T>(work: () => Promise<T>, isTold = false): Promise<T | void> {
    const turn = this.#stepping.then(work);
    this.#stepping = turn.then(() => {}, () => {});
    return isTold ? turn : turn.catch((error) => this.options.onError(error));
  }
}

function keyOf(ruleId: string, subject: string): string {
  return `${ruleId}\n${subject}`;
}

function idsIn(key: string): { readonly ruleId: string; readonly subject: string } {
  const at = key.indexOf("\n");
  return { ruleId: key.slice(0, at), subject: key.slice(at + 1) };
}
