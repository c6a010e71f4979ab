/** What one browser has not received yet. Bounded, even if the browser never reads. Pure. */
import type { AlertEntry, ErrorEntry, LogLine, TimelineEvent } from "../../wire.ts";
import type { Change } from "../model/change.ts";

/** Maximum waiting entries of each kind; the oldest are dropped, and the browser finds them in the history. */
const MAX_ENTRIES = 500;
/** Maximum log lines of each kind, errors and others, in one message: more than anybody can read. */
export const MAX_LOGS = 100;

/** The next update for a browser. */
export interface News {
  readonly nodes: readonly string[];
  readonly agents: readonly string[];
  readonly gone: readonly string[];
  readonly events: readonly TimelineEvent[];
  readonly alerts: readonly AlertEntry[];
  readonly errors: readonly ErrorEntry[];
  readonly logs: readonly LogLine[];
  readonly logsLeftOut: number;
}

/** Invariant: holds each node and agent once, and at most `MAX_ENTRIES` of every other kind. */
export class Pending {
  readonly #nodes = new Set<string>();
  readonly #agents = new Set<string>();
  readonly #gone = new Set<string>();
  #events: TimelineEvent[] = [];
  #alerts: AlertEntry[] = [];
  #errors: ErrorEntry[] = [];
  #logs: LogLine[] = [];
  #logsSeen = 0;
  /** Error lines, kept apart so that other lines never displace them. */
  #errorLogs: LogLine[] = [];
  #errorLogsSeen = 0;

  /** @param random from 0 up to 1, for sampling log lines */
  constructor(private readonly random: () => number = Math.random) {}

  add(change: Exclude<Change, { readonly kind: "log" }>): void {
    switch (change.kind) {
      case "node":
        this.#nodes.add(change.name);
        return;
      case "agent":
        this.#gone.delete(change.actorId);
        this.#agents.add(change.actorId);
        return;
      case "gone":
        this.#agents.delete(change.actorId);
        this.#gone.add(change.actorId);
        return;
      case "event":
        push(this.#events, change.entry);
        return;
      case "alert":
        push(this.#alerts, change.entry);
        return;
      case "error":
        push(this.#errors, change.entry);
        return;
      default:
        change satisfies never;
    }
  }

  /**
   * Keeps the newest errors, and a fair sample of the other lines: each has the same chance, regardless of when it arrived
   * (reservoir sampling).
   */
  addLog(line: LogLine): void {
    if (line.level === "error") {
      this.#errorLogsSeen += 1;
      this.#errorLogs.push(line);
      if (this.#errorLogs.length > MAX_LOGS) this.#errorLogs.shift();
      return;
    }
    this.#logsSeen += 1;
    if (this.#logs.length < MAX_LOGS) this.#logs.push(line);
    else {
      const place = Math.floor(this.random() * this.#logsSeen);
      if (place < MAX_LOGS) this.#logs[place] = line;
    }
  }

  /** Sets another filter and drops the lines collected for the old one. */
  clearLogs(): void {
    this.#logs = [];
    this.#logsSeen = 0;
    this.#errorLogs = [];
    this.#errorLogsSeen = 0;
  }

  /** Takes everything that waits; `undefined` when there is nothing. */
  take(): News | undefined {
    const news: News = {
      nodes: [...this.#nodes],
      agents: [...this.#agents],
      gone: [...this.#gone],
      events: this.#events,
      alerts: this.#alerts,
      errors: this.#errors,
      logs: [...this.#logs, ...this.#errorLogs].sort((a, b) => a.seq - b.seq),
      logsLeftOut: this.#logsSeen - this.#logs.length + this.#errorLogsSeen - this.#errorLogs.length,
    };
    this.#nodes.clear();
    this.#agents.clear();
    this.#gone.clear();
    this.#events = [];
    this.#alerts = [];
    this.#errors = [];
    this.clearLogs();
    const isEmpty = news.logsLeftOut === 0 &&
      [news.nodes, news.agents, news.gone, news.events, news.alerts, news.errors, news.logs]
        .every((list) => list.length === 0);
    return isEmpty ? undefined : news;
  }
}

function push<T>(list: T[], entry: T): void {
  list.push(entry);
  if (list.length > MAX_ENTRIES) list.shift();
}
