/**
 * Filters false last wills. A broker that shuts down publishes the wills of all nodes, and after its restart they stay
 * retained until the nodes reconnect; so a will is applied only if the broker stays up. Pure.
 */
import { STALE_AFTER_MS } from "../../../../protocol/heartbeat.ts";
import { readFields } from "./fields.ts";
import type { Happening } from "./timeline.ts";

/** How long a will is held: if the broker is shutting down, our connection to it breaks within this time. */
const WAIT_MS = 1500;
/** How long nodes have to reconnect after the broker is back. */
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

/** Invariant: holds at most one will per node, and none of a node that has reported since. */
export class Farewells {
  readonly #held = new Map<string, Held>();
  /** When the connection to the broker was lost; undefined while connected. */
  #awaySinceMs: number | undefined;
  #hasConnected = false;
  #returnedMs = -Infinity;

  /** @returns the event for the timeline; undefined if nothing changed */
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

  /** Whether a report is held back as a possibly false will. A heartbeat or birth message cancels a held will. */
  holds(report: NodeReport, nowMs: number): boolean {
    const isStatus = report.report === "status";
    if (isStatus && readFields(report.payload)?.status !== "online") {
      this.#hold(report, nowMs);
      return true;
    }
    if (isStatus || report.report === "heartbeat") this.#held.delete(report.name);
    return false;
  }

  /** Takes the wills that have been held long enough; none while the broker is away. */
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
