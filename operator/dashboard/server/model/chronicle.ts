/** What happened: log lines of the past hour; events, alerts and errors of the past days. */
import type { LogLine as LogLineOfNode } from "../../../operations/reports.ts";
import type { AlertEntry, ErrorEntry, TimelineEvent } from "../../wire.ts";
import type { About, Change } from "./change.ts";
import { type Fields, numberOf, textOf } from "./fields.ts";
import { levelOf, LogBook } from "./logbook.ts";
import { Ring } from "./ring.ts";
import type { Past } from "./past.ts";
import type { Happening } from "./timeline.ts";

/** How long log lines and numbers are kept in memory, seconds. */
export const HISTORY_SECONDS = 3600;
/** How long events, alerts and errors are kept in memory, seconds. */
const ENTRY_SECONDS = 31 * 24 * 3600;
/** Maximum difference between two clocks that timestamp the same error, seconds. */
const SAME_SECONDS = 5;
/** Limits for the entries of each kind. */
export const LIMITS = {
  events: { count: 5000, size: 4 * 1024 * 1024, age: ENTRY_SECONDS },
  alerts: { count: 2000, size: 2 * 1024 * 1024, age: ENTRY_SECONDS },
  errors: { count: 3000, size: 6 * 1024 * 1024, age: ENTRY_SECONDS },
} as const;
const ENTRY_OVERHEAD = 200;

export class Chronicle {
  readonly logs = new LogBook();
  readonly events = new Ring<TimelineEvent>(LIMITS.events, ({ message }) => message.length + ENTRY_OVERHEAD);
  readonly alerts = new Ring<AlertEntry>(LIMITS.alerts, ({ message }) => message.length + ENTRY_OVERHEAD);
  readonly errors = new Ring<ErrorEntry>(
    LIMITS.errors,
    ({ error, traceback }) => error.length + (traceback?.length ?? 0) + ENTRY_OVERHEAD,
  );

  /** Takes what was kept before a restart. Call it before anything is added. */
  restore({ events, alerts, errors }: Past): void {
    this.events.restore(events, ({ time }) => time);
    this.alerts.restore(alerts, ({ time }) => time);
    this.errors.restore(errors, ({ time }) => time);
  }

  event({ kind, message }: Happening, about: About, now: number): Change {
    const entry = this.events.add((seq) => ({ seq, time: now, kind, message, ...about }), now);
    return { kind: "event", entry };
  }

  log(fields: Fields, message: string, about: About, now: number): Change {
    const level = levelOf(fields.level, fields.type === "error" ? "error" : "info");
    return { kind: "log", entry: this.logs.add({ time: now, level, message, ...about }, now) };
  }

  alert(fields: Fields, message: string, about: About, now: number): Change {
    const severity = levelOf(fields.severity, "warning");
    const entry = this.alerts.add((seq) => ({ seq, time: now, severity, message, ...about }), now);
    return { kind: "alert", entry };
  }

  error(fields: Fields, about: About, now: number): Change {
    return this.#error(fields, about, now, now);
  }

  /** Adds an error from a node's memory. @returns `undefined` if it is already known */
  recall(line: LogLineOfNode, about: About, now: number): Change | undefined {
    const time = line.timestamp ?? now;
    const [known] = this.errors.latest(
      1,
      undefined,
      (entry) =>
        entry.actor_id === about.actor_id && entry.error === line.message &&
        Math.abs(entry.time - time) < SAME_SECONDS,
    );
    if (known !== undefined) return undefined;
    return this.#error({ ...line, severity: line.level, error: line.message }, about, time, now);
  }

  #error(fields: Fields, about: About, time: number, now: number): Change {
    const entry = this.errors.add((seq) => ({
      seq,
      time,
      ...about,
      phase: textOf(fields.phase, 50) ?? "unknown",
      severity: textOf(fields.severity, 50) ?? "warning",
      error: textOf(fields.error) ?? "",
      traceback: textOf(fields.traceback) ?? null,
      consecutive: numberOf(fields.consecutive) ?? null,
      restart_count: numberOf(fields.restart_count) ?? null,
    }), now);
    return { kind: "error", entry };
  }
}
