/**
 * Last wills of nodes: believed only when the broker itself has not gone. A broker that stops publishes the wills of all
 * nodes, and one that is back still has them retained, until the nodes are back too. Pure.
 */
import { STALE_AFTER_MS } from "../../../../protocol/heartbeat.ts";
import { readFields } from "./fields.ts";
import type { Happening } from "./timeline.ts";

/** How long a will waits: when the broker is going, the connection to it breaks within this time. */
const WAIT_MS = 1500;
/** How long nodes have to come back to a broker that was away. */
const RETURN_MS = STALE_AFTER_MS;

/** A report on `nodes/{name}/…`. */
interface NodeReport {
  readonly name: string;
  readonly report: string;
  readonly topic: string;
  readonly payload: Uint8Array;
}

interface Held extends NodeReport {
  readonly dueMs: number;
}

/** Invariant: holds one will of each node at most, and none of a node that has been heard since. */
export class Farewells {
  readonly #held = new Map<string, Held>();
  /** Since when the broker is away; undefined while it is there. */
  #awaySinceMs: number | undefined;
  #hasConnected = false;
  #returnedMs = -Infinity;

  /** @returns what to tell of it; undefined when nothing has changed */
  noteBroker(isConnected: boolean, nowMs: number): Happening | undefined {
    const awaySinceMs = this.#awaySinceMs;
    if (isConnected === (awaySinceMs === undefined && this.#hasConnected)) return undefined;
    if (!isConnected) {
      if (!this.#hasConnected) return undefined;
      this.#awaySinceMs = nowMs;
      return { kind: "offline", message: "The broker is away: states are those of before" };
    }
    this.#awaySinceMs = undefined;
    if (!this.#hasConnected) {
      this.#hasConnected = true;
      return undefined;
    }
    this.#returnedMs = nowMs;
    for (const held of this.#held.values()) this.#hold(held, nowMs);
    const seconds = Math.max(1, Math.round((nowMs - (awaySinceMs ?? nowMs)) / 1000));
    return { kind: "online", message: `The broker is back after ${seconds} s` };
  }

  /** Whether a report waits, because it is a will that may be the broker's doing. A heartbeat or a birth contradicts it. */
  holds(report: NodeReport, nowMs: number): boolean {
    const isStatus = report.report === "status";
    if (isStatus && readFields(report.payload)?.status !== "online") {
      this.#hold(report, nowMs);
      return true;
    }
    if (isStatus || report.report === "heartbeat") this.#held.delete(report.name);
    return false;
  }

  /** The wills whose time is over. None is while the broker is away. */
  due(nowMs: number): readonly NodeReport[] {
    if (this.#awaySinceMs !== undefined) return [];
    const due = [...this.#held.values()].filter(({ dueMs }) => dueMs <= nowMs);
    for (const { name } of due) this.#held.delete(name);
    return due;
  }

  #hold(report: NodeReport, nowMs: number): void {
    this.#held.set(report.name, {
      ...report,
      dueMs: Math.max(nowMs + WAIT_MS, this.#returnedMs + RETURN_MS),
    });
  }
}
