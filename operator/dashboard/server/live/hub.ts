/** Sends all browsers a snapshot first, then changes, at most four times a second. */
import {
  type AgentDto,
  type BrokerStatus,
  type Delta,
  HEARTBEAT_SECONDS,
  type NodeDto,
  type ViewerSession,
} from "../../wire.ts";
import type { Change } from "../model/change.ts";
import type { Model } from "../model/model.ts";
import type { News } from "./pending.ts";
import { Viewer } from "./viewer.ts";

const FLUSH_MS = 250;
/** Interval of keep-alive messages, which also carry the server's clock for the page. */
const IDLE_MS = HEARTBEAT_SECONDS * 1000;
/** Entries of each kind in the snapshot; the page requests older ones. */
const SNAPSHOT_ENTRIES = 300;
const MAX_VIEWERS = 100;

/** Carries messages to a browser. */
export interface ViewerSocket {
  send(message: string): void;
  close(reason: string): void;
}

export interface HubOptions {
  readonly model: Model;
  readonly session: ViewerSession;
  readonly broker: () => BrokerStatus;
  readonly nowMs: () => number;
}

/** Invariant: a change is serialized once, regardless of the number of browsers. */
export class Hub implements Disposable {
  readonly #viewers = new Map<Viewer, ViewerSocket>();
  readonly #json = new WeakMap<NodeDto | AgentDto, string>();
  readonly #timer: ReturnType<typeof setInterval>;
  /** Increases with every change of rules and notices. */
  #notices = 1;

  constructor(private readonly options: HubOptions) {
    this.#timer = setInterval(() => this.flush(), FLUSH_MS);
  }

  get size(): number {
    return this.#viewers.size;
  }

  /** @returns `undefined` if there are already too many viewers */
  join(socket: ViewerSocket): Viewer | undefined {
    if (this.#viewers.size >= MAX_VIEWERS) return undefined;
    const nowMs = this.options.nowMs();
    const viewer = new Viewer((message) => socket.send(message), nowMs);
    this.#viewers.set(viewer, socket);
    viewer.tell((seq) => this.#snapshot(seq, nowMs), nowMs);
    return viewer;
  }

  leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
  }

  note(changes: readonly Change[]): void {
    for (const change of changes) for (const viewer of this.#viewers.keys()) viewer.note(change);
  }

  noteBroker(): void {
    for (const viewer of this.#viewers.keys()) viewer.noteBroker();
  }

  noteNotices(): void {
    this.#notices += 1;
    for (const viewer of this.#viewers.keys()) viewer.noteNotices();
  }

  /** Sends each browser what it has not received yet. */
  flush(): void {
    const nowMs = this.options.nowMs();
    for (const [viewer, socket] of this.#viewers) {
      if (viewer.isStuck(nowMs)) {
        this.#viewers.delete(viewer);
        socket.close("this browser does not read its messages");
      } else if (viewer.isReady) {
        const { news, isBrokerDue, isNoticesDue } = viewer.takeNews();
        const isQuiet = news === undefined && !isBrokerDue && !isNoticesDue;
        if (isQuiet && !viewer.isIdle(nowMs, IDLE_MS)) continue;
        const due = {
          ...(isBrokerDue ? { broker: this.options.broker() } : {}),
          ...(isNoticesDue ? { notices: this.#notices } : {}),
        };
        viewer.tell((seq) => this.#delta(seq, nowMs, news, due), nowMs);
      }
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const socket of this.#viewers.values()) socket.close("the dashboard ends");
    this.#viewers.clear();
  }

  #snapshot(seq: number, nowMs: number): string {
    const { model, session, broker } = this.options;
    const head = JSON.stringify({
      type: "snapshot",
      seq,
      now: nowMs / 1000,
      session,
      broker: broker(),
      drops: model.chronicle.logs.drops(nowMs / 1000),
      sparks: model.sparks(),
      events: model.chronicle.events.latest(SNAPSHOT_ENTRIES),
      alerts: model.chronicle.alerts.latest(SNAPSHOT_ENTRIES),
      errors: model.chronicle.errors.latest(SNAPSHOT_ENTRIES),
      notices: this.#notices,
    });
    return `${head.slice(0, -1)},"nodes":${this.#list(model.nodes)},"agents":${this.#list(model.agents)}}`;
  }

  #delta(
    seq: number,
    nowMs: number,
    news: News | undefined,
    due: Pick<Delta, "broker" | "notices">,
  ): string {
    const { model } = this.options;
    const head = JSON.stringify({
      type: "delta",
      seq,
      now: nowMs / 1000,
      drops: model.chronicle.logs.drops(nowMs / 1000),
      ...due,
      gone: some(news?.gone),
      events: some(news?.events),
      alerts: some(news?.alerts),
      errors: some(news?.errors),
      logs: some(news?.logs),
      logs_left_out: news?.logsLeftOut || undefined,
    });
    const nodes = (news?.nodes ?? []).flatMap((name) => model.node(name) ?? []);
    const agents = (news?.agents ?? []).flatMap((id) => model.agent(id) ?? []);
    return head.slice(0, -1) +
      (nodes.length === 0 ? "" : `,"nodes":${this.#list(nodes)}`) +
      (agents.length === 0 ? "" : `,"agents":${this.#list(agents)}`) + "}";
  }

  #list(dtos: readonly (NodeDto | AgentDto)[]): string {
    return `[${
      dtos.map((dto) => {
        const known = this.#json.get(dto);
        if (known !== undefined) return known;
        const json = JSON.stringify(dto);
        this.#json.set(dto, json);
        return json;
      }).join(",")
    }]`;
  }
}

function some<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
