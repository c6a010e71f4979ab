/** One browser: decides what to send it, and when. */
import { isJsonObject } from "../../../../protocol/json.ts";
import type { BrowserMessage, LogFilter, LogLine } from "../../wire.ts";
import { LEVELS } from "../../wire.ts";
import { matcher } from "../model/logbook.ts";
import type { Change } from "../model/change.ts";
import { type News, Pending } from "./pending.ts";

/** Maximum unacknowledged messages; further changes are collected in the meantime. */
const WINDOW = 2;
/** A browser that acknowledges nothing for this long is disconnected; if alive, it reconnects by itself. */
export const STUCK_AFTER_MS = 60_000;
const MAX_FILTER_TEXT = 200;

/**
 * Invariants: never more than `WINDOW` messages in flight, regardless of the browser's speed; `Pending` bounds everything
 * else that waits.
 */
export class Viewer {
  readonly #pending = new Pending();
  #sent = 0;
  #acknowledged = 0;
  #lastProgressMs: number;
  #lastSentMs: number;
  #wantsLog: ((line: LogLine) => boolean) | undefined;
  #isBrokerDue = false;
  #isNoticesDue = false;

  /** @param send passes a message to the browser's socket */
  constructor(private readonly send: (message: string) => void, nowMs: number) {
    this.#lastProgressMs = nowMs;
    this.#lastSentMs = nowMs;
  }

  get isReady(): boolean {
    return this.#sent - this.#acknowledged < WINDOW;
  }

  /** Whether it has acknowledged nothing for too long. */
  isStuck(nowMs: number): boolean {
    return this.#sent > this.#acknowledged && nowMs - this.#lastProgressMs > STUCK_AFTER_MS;
  }

  /** Whether a keep-alive message is due. */
  isIdle(nowMs: number, idleMs: number): boolean {
    return nowMs - this.#lastSentMs >= idleMs;
  }

  note(change: Change): void {
    if (change.kind !== "log") this.#pending.add(change);
    else if (this.#wantsLog?.(change.entry) === true) this.#pending.addLog(change.entry);
  }

  /** Call when the connection to the broker has changed. */
  noteBroker(): void {
    this.#isBrokerDue = true;
  }

  /** Call when rules or notices have changed. */
  noteNotices(): void {
    this.#isNoticesDue = true;
  }

  /** Takes everything the browser has not received yet. */
  takeNews(): {
    readonly news: News | undefined;
    readonly isBrokerDue: boolean;
    readonly isNoticesDue: boolean;
  } {
    const [isBrokerDue, isNoticesDue] = [this.#isBrokerDue, this.#isNoticesDue];
    this.#isBrokerDue = false;
    this.#isNoticesDue = false;
    return { news: this.#pending.take(), isBrokerDue, isNoticesDue };
  }

  /** @param write returns the message with the given number */
  tell(write: (seq: number) => string, nowMs: number): void {
    if (this.#sent === this.#acknowledged) this.#lastProgressMs = nowMs;
    this.#sent += 1;
    this.#lastSentMs = nowMs;
    this.send(write(this.#sent));
  }

  /** Handles a message from the browser; ignores anything the page would not send. */
  receive(text: string, nowMs: number): void {
    const message = parseBrowserMessage(text);
    if (message?.type === "ack" && message.seq > this.#acknowledged && message.seq <= this.#sent) {
      this.#acknowledged = message.seq;
      this.#lastProgressMs = nowMs;
    } else if (message?.type === "logs") {
      this.#pending.clearLogs();
      this.#wantsLog = message.filter === null ? undefined : matcher(message.filter);
    }
  }
}

/** Parses a message of the page. */
export function parseBrowserMessage(text: string): BrowserMessage | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  if (json.type === "ack" && typeof json.seq === "number") return { type: "ack", seq: json.seq };
  if (json.type !== "logs") return undefined;
  if (json.filter === null) return { type: "logs", filter: null };
  return isJsonObject(json.filter) ? { type: "logs", filter: parseLogFilter(json.filter) } : undefined;
}

/** Parses a filter from a message or a URL query; empty texts do not filter. */
export function parseLogFilter(fields: Readonly<Record<string, unknown>>): LogFilter {
  const text = (value: unknown) =>
    typeof value === "string" && value !== "" ? value.slice(0, MAX_FILTER_TEXT) : undefined;
  const [agent, node, part] = [text(fields.agent), text(fields.node), text(fields.text)];
  const level = LEVELS.find((known) => known === fields.level);
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(node === undefined ? {} : { node }),
    ...(level === undefined ? {} : { level }),
    ...(part === undefined ? {} : { text: part }),
  };
}
