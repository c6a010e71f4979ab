/** Makes sure that one process alone speaks under this node's name, and that the broker says so. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { NodeIdentity } from "./identity.ts";

export interface PresenceParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  /** Says again that this node is online. */
  readonly sayOnline: () => void;
  /** Sends a heartbeat now. */
  readonly beat: () => void;
  /** What this node has said has come back. */
  readonly onEcho: () => void;
  /** Another process of this name has been there before. */
  readonly onTaken: (message: string) => void;
}

/** Another node is answered at once, but not more often than this. */
const BEAT_INTERVAL_MS = 500;

/**
 * Two nodes of one name see each other's heartbeats. The one that has been up longer stays; the other leaves: both
 * compare the same two numbers, on scales that never jump.
 */
export class Presence {
  readonly #startedMs: number;
  #lastBeatMs = -Infinity;

  constructor(private readonly parts: PresenceParts) {
    this.#startedMs = parts.clock.monotonicMs();
  }

  /** A message on one of this node's own topics. */
  receive({ topic, payload, retained }: IncomingMessage): void {
    const { identity, onEcho } = this.parts;
    const isHeartbeat = topic === topics.nodeHeartbeat(identity.name);
    if (!isHeartbeat && topic !== topics.nodeStatus(identity.name)) return;
    const { instance, uptime, status } = parse(payload);
    // What was retained is of the past: the birth of this process has replaced it.
    if (retained || typeof instance !== "string") return;
    if (instance === identity.instance) return onEcho();
    if (isHeartbeat && typeof uptime === "number") this.#compare(instance, uptime);
    else if (status === "offline") this.parts.sayOnline();
    // A node of this name has just been born: by the next heartbeat both know which one stays.
    else if (status === "online") this.#beat();
  }

  #compare(instance: string, uptime: number): void {
    const { identity, clock, onTaken } = this.parts;
    const ownUptime = (clock.monotonicMs() - this.#startedMs) / 1000;
    if (uptime > ownUptime || (uptime === ownUptime && instance < identity.instance)) {
      onTaken(
        `Another node named '${identity.name}' is on this broker, up for ${
          uptime.toFixed(0)
        } s: give this one another --name`,
      );
    } else {
      // Only the one that stays says so: the other's birth must not have the last word.
      this.parts.sayOnline();
      this.#beat();
    }
  }

  #beat(): void {
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.#lastBeatMs < BEAT_INTERVAL_MS) return;
    this.#lastBeatMs = nowMs;
    this.parts.beat();
  }
}

function parse(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    // Somebody else's message.
    return {};
  }
}
