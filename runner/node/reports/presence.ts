/** Makes sure that one process alone speaks under this node's name, and that the broker says so. */
import { isJsonObject } from "../../../protocol/json.ts";
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
  /**
   * Another process of this name has been there before.
   * @param kept its status, where the broker had it: this process has overwritten it
   */
  readonly onTaken: (message: string, kept?: Uint8Array) => void;
}

/** Another node is answered at once, but not more often than this. */
const BEAT_INTERVAL_MS = 500;
/** A last will is older than the moment at which its sender has taken the connection over. */
const SLACK_SECONDS = 1;
/** So often two that began at the same time have met before their instances decide. */
const MAX_DRAWS = 5;

/**
 * Two nodes of one name see each other's heartbeats. The one that has been up longer stays; the other leaves: both
 * compare the same two numbers, on scales that never jump.
 *
 * Two with one state folder, copied, have one client id, too: the broker closes the connection of one for that of the
 * other, and they are never there together. Each finds what the broker has kept of the other since it was there last.
 */
export class Presence {
  #lastBeatMs = -Infinity;
  /** Whether the broker has had the status of this process. */
  #isHeard = false;
  /** Up for so long when the last connection ended, seconds. */
  #lostAt = 0;
  /** Who has taken this node's place, and how long that one was up then. */
  #rival: { readonly instance: string; readonly uptime: number } | undefined;
  #draws = 0;

  constructor(private readonly parts: PresenceParts) {}

  disconnected(): void {
    this.#lostAt = this.#uptime;
  }

  /** A message on one of this node's own topics. */
  receive({ topic, payload, retained }: IncomingMessage): void {
    const { identity, onEcho } = this.parts;
    const isHeartbeat = topic === topics.nodeHeartbeat(identity.name);
    if (!isHeartbeat && topic !== topics.nodeStatus(identity.name)) return;
    const { instance, uptime, status } = parse(payload);
    if (typeof instance !== "string") return;
    if (instance === identity.instance) {
      this.#isHeard = true;
      if (!retained) onEcho();
      return;
    }
    if (retained) return isHeartbeat ? undefined : this.#compareKept(instance, uptime, payload);
    if (isHeartbeat && typeof uptime === "number") this.#compare(instance, uptime);
    else if (status === "offline") this.parts.sayOnline();
    // A node of this name has just been born: by the next heartbeat both know which one stays.
    else if (status === "online") this.#beat();
  }

  #compare(instance: string, uptime: number): void {
    const { identity, onTaken } = this.parts;
    const ownUptime = this.#uptime;
    if (uptime > ownUptime || (uptime === ownUptime && instance < identity.instance)) {
      onTaken(`${this.#other(uptime)}: give this one another --name`);
    } else {
      // Only the one that stays says so: the other's birth must not have the last word.
      this.parts.sayOnline();
      this.#beat();
    }
  }

  /** What another process has left here since this one was. */
  #compareKept(instance: string, uptime: unknown, kept: Uint8Array): void {
    // What was there before this one was heard is of the past.
    if (!this.#isHeard || typeof uptime !== "number") return;
    const before = this.#rival;
    this.#rival = { instance, uptime };
    // The will of a process that has died may come late, but it does not change: one that lives connects anew.
    if (before?.instance !== instance || before.uptime === uptime) return;
    if (uptime < this.#lostAt - SLACK_SECONDS) return;
    const isDraw = uptime <= this.#uptime;
    if (isDraw) this.#draws += 1;
    if (isDraw && (this.#draws < MAX_DRAWS || instance > this.parts.identity.instance)) return;
    this.parts.onTaken(
      `${
        this.#other(uptime)
      } with this one's client id (was its state folder copied?): give this one another --name`,
      kept,
    );
  }

  #other(uptime: number): string {
    const { name } = this.parts.identity;
    return `Another node named '${name}' is on this broker, up for ${uptime.toFixed(0)} s`;
  }

  get #uptime(): number {
    const { clock, identity } = this.parts;
    return (clock.monotonicMs() - identity.startedMs) / 1000;
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
    return isJsonObject(value) ? value : {};
  } catch {
    // Somebody else's message.
    return {};
  }
}
