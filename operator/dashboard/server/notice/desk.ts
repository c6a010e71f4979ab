/** Runs the notices: judges the rules every second, sends the outbox, and answers the page. */
import type { Kysely } from "kysely";
import type { Operator } from "../../../operator.ts";
import type { NoticeBoard } from "../../notice_wire.ts";
import type { ActionOutcome, BrokerStatus } from "../../wire.ts";
import { RequestError } from "../../../http/bodies.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";
import { requiredText } from "../http/parameters.ts";
import { AlertMarks } from "./alert_marks.ts";
import type { Channel } from "./channels/channel.ts";
import { type ChannelSettings, openChannel } from "./channels/settings.ts";
import { Courier } from "./courier.ts";
import { DatabaseShelf } from "./database_shelf.ts";
import { testMessage } from "./message.ts";
import { Notices } from "./notices.ts";
import type { View } from "./observe.ts";
import { parseRule } from "./rule.ts";
import type { NoticeTables } from "./tables.ts";

const TICK_MS = 1000;
/** How often the same error is logged, milliseconds. */
const SAME_ERROR_MS = 600_000;
const SHOWN = 200;
const TEST_MS = 20_000;
const MAX_MUTE_SECONDS = 30 * 24 * 3600;

export interface NoticeDeskOptions {
  readonly db: Kysely<NoticeTables>;
  readonly channels: ReadonlyMap<string, ChannelSettings>;
  readonly model: Model;
  readonly broker: () => BrokerStatus;
  /** @throws Error while there is no connection to the broker */
  readonly operator: () => Operator;
  /** Subscribes to the topics of rules. */
  readonly follow: (topics: readonly string[]) => void;
  /** Called when what the page shows has changed. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
  readonly nowMs: () => number;
}

type Body = Readonly<Record<string, unknown>>;
type Verdict = Omit<ActionOutcome, "took_ms">;

export class NoticeDesk implements AsyncDisposable {
  readonly #notices: Notices;
  readonly #courier: Courier;
  readonly #shelf: DatabaseShelf;
  readonly #marks: AlertMarks;
  readonly #channels: ReadonlyMap<string, Channel>;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastError = { message: "", atMs: -Infinity };

  constructor(private readonly options: NoticeDeskOptions) {
    const { db, channels, operator, onChange } = options;
    this.#shelf = new DatabaseShelf(db);
    this.#marks = new AlertMarks(db);
    this.#channels = new Map(
      [...channels].map(([name, settings]) => [name, openChannel(settings, operator)]),
    );
    const shared = { shelf: this.#shelf, onChange, onError: (error: unknown) => this.#failed(error) };
    this.#courier = new Courier({
      ...shared,
      channels: this.#channels,
      mayTell: () => this.#notices.isLeading,
      now: () => this.#now,
    });
    this.#notices = new Notices({
      ...shared,
      view: () => this.#view(),
      onDeliveries: () => void this.#courier.wake(),
    });
  }

  start(): void {
    void this.tick();
    this.#timer = setInterval(() => void this.tick(), TICK_MS);
  }

  /** One round: rules, then what is due. */
  async tick(): Promise<void> {
    this.options.follow(
      this.#notices.rules.flatMap(({ watch }) => watch.kind === "reading" ? [watch.topic] : []),
    );
    await this.#notices.tick(this.#now);
    await this.#courier.wake();
  }

  note(changes: readonly Change[]): void {
    this.#notices.note(changes, this.#now);
  }

  async board(): Promise<NoticeBoard> {
    await this.#notices.settled;
    return {
      rules: this.#notices.rules,
      notices: [...this.#notices.active, ...await this.#shelf.ended(SHOWN)],
      channels: [...this.#channels].map(([name, { kind }]) => ({ name, kind })),
      deliveries: await this.#shelf.deliveries(SHOWN),
      alerts: await this.#marks.all(),
      idle: this.#notices.isLeading ? null : "Another dashboard of this database judges the rules and tells",
    };
  }

  /**
   * @param by who asks
   * @returns `undefined` when the action does not exist
   * @throws RequestError
   */
  async act(path: readonly string[], body: Body, by: string): Promise<ActionOutcome | undefined> {
    const startMs = performance.now();
    const verdict = await this.#verdict(path, body, by);
    return verdict && { ...verdict, took_ms: Math.round(performance.now() - startMs) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#courier.dispose();
    await this.#notices.dispose();
  }

  async #verdict(path: readonly string[], body: Body, by: string): Promise<Verdict | undefined> {
    const [resource, id, action, ...rest] = path;
    if (rest.length > 0) return undefined;
    if (resource === "rules") return await this.#onRule(id, action, body);
    if (resource === "channels" && id !== undefined && action === "test") {
      return await this.#test([id], "channel");
    }
    if (resource === "alerts" && id === "acknowledge" && action === undefined) {
      await this.#marks.acknowledge(requiredText(body, "source"), { by, at: this.#now });
      this.options.onChange();
      return { ok: true, message: "Acknowledged" };
    }
    if (resource !== "notices" || id === undefined) return undefined;
    if (action === "acknowledge") {
      await this.#notices.acknowledge(id, by, this.#now);
      return { ok: true, message: "Acknowledged: it is not told again" };
    }
    if (action !== "close") return undefined;
    await this.#notices.close(id, this.#now);
    return { ok: true, message: "Closed" };
  }

  async #onRule(
    id: string | undefined,
    action: string | undefined,
    body: Body,
  ): Promise<Verdict | undefined> {
    switch (action) {
      case undefined: {
        const rule = await this.#notices.saveRule(id, parseRule(body, [...this.#channels.keys()]));
        return { ok: true, message: `Rule '${rule.name}' is saved`, answer: rule };
      }
      case "remove":
        await this.#notices.removeRule(id ?? "");
        return { ok: true, message: "The rule is removed" };
      case "mute": {
        const seconds = muteSeconds(body);
        await this.#notices.muteRule(id ?? "", seconds === 0 ? null : this.#now + seconds);
        return { ok: true, message: seconds === 0 ? "The rule is no longer muted" : "The rule is muted" };
      }
      case "test": {
        const rule = this.#notices.rules.find((known) => known.id === id);
        if (rule === undefined) throw new RequestError("not_found", "there is no such rule");
        return await this.#test(rule.channels, rule.name);
      }
      default:
        return undefined;
    }
  }

  /** Sends a test at once, past the outbox: whoever presses the button wants to see what comes of it. */
  async #test(names: readonly string[], rule: string): Promise<Verdict> {
    if (names.length === 0) return { ok: false, message: "The rule has no channel: it is only shown here" };
    const outcomes = await Promise.all(names.map(async (name): Promise<readonly [string, string | null]> => {
      const channel = this.#channels.get(name);
      if (channel === undefined) return [name, "no channel has this name"];
      try {
        await channel.send(testMessage(crypto.randomUUID(), rule, this.#now), AbortSignal.timeout(TEST_MS));
        return [name, null];
      } catch (error) {
        return [name, (error as Error).message];
      }
    }));
    const message = outcomes.map(([name, problem]) => `${name}: ${problem ?? "accepted"}`).join("; ");
    return { ok: outcomes.every(([, problem]) => problem === null), message };
  }

  #view(): View {
    const { model, broker, nowMs } = this.options;
    return {
      nodes: model.nodes.map((node) => ({ ...node, isOn: model.nodeState(node.name, nowMs()) === "online" })),
      agents: model.agents,
      readings: (filter, field) => model.latestReadings(filter, field),
      broker: broker(),
    };
  }

  get #now(): number {
    return this.options.nowMs() / 1000;
  }

  #failed(error: unknown): void {
    const [message, atMs] = [String(error), this.options.nowMs()];
    // The database is away, and is asked every second.
    if (message === this.#lastError.message && atMs - this.#lastError.atMs < SAME_ERROR_MS) return;
    this.#lastError = { message, atMs };
    this.options.onError(error);
  }
}

function muteSeconds({ seconds }: Body): number {
  if (typeof seconds === "number" && seconds >= 0 && seconds <= MAX_MUTE_SECONDS) return seconds;
  throw new RequestError("usage", `seconds must be from 0, for not muted, to ${MAX_MUTE_SECONDS}`);
}
