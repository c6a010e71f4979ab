/** Makes sure that only one process uses this node's name, and that its status on the broker is right. */
import { isJsonObject } from "../../../protocol/json.ts";
import { isSealedBy, presenceText } from "../../../protocol/signing/statements.ts";
import { TokenBucket } from "../../../protocol/token_bucket.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import { Coalesced } from "../../coalesced.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { NodeIdentity } from "./identity.ts";

/** Proves to one other process of this name how long this one has been up. */
export interface PresenceProof {
  /** The `instance` it is for: a proof recorded before that process started cannot have it. */
  readonly to: string;
  readonly seal: string;
}

export interface PresenceParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  /** Whether to ignore other processes of this name that do not prove that they are this node. */
  readonly demandsProof: boolean;
  /** Whether `seal` proves that the node enrolled under this name signed `text`. */
  readonly isEnrolled: (text: string, seal: unknown) => Promise<boolean>;
  /** Publishes again that this node is online. */
  readonly sayOnline: () => void;
  /** Sends a heartbeat now. */
  readonly beat: () => void;
  /** The node's own message has come back from the broker. */
  readonly onEcho: () => void;
  /**
   * Another process of this name was there first.
   * @param kept its retained status, if there was one: this process has overwritten it
   */
  readonly onTaken: (message: string, kept?: Uint8Array) => void;
  /** Another process claims this name without proof. */
  readonly onUnproved: (message: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

/** Minimum time between two heartbeats that answer another process. */
const BEAT_INTERVAL_MS = 500;
/** The broker delivers the last will of a process as soon as another one has taken over its client id. */
const WILL_MS = 2000;
/** A last will is older than the connection that carries it. */
const SLACK_SECONDS = 1;
/** Another process proves itself every ten seconds, and when it has heard this one. */
const CHECKS_PER_SECOND = 50;
/** After this many ties, the instance ids of two processes that started at the same time decide. */
const MAX_DRAWS = 5;

/**
 * Two nodes of one name see each other's heartbeats. The one that has been up longer stays; the other leaves: both
 * compare the same two uptimes, from clocks that never jump.
 *
 * Two with a copied state folder also have the same client id: the broker closes one connection when the other opens,
 * so they are never connected at the same time. Each finds the other's last will: the broker delivers it at once, or
 * retains it.
 *
 * Each signs its uptime for the instance of the other, once it has received that. Where proof is demanded, a node leaves
 * only for a statement signed with its own key (its state folder was copied) or with the key enrolled for its name (then
 * the other node is the genuine one).
 */
export class Presence {
  #lastBeatMs = -Infinity;
  /** Whether the broker has received the status of this process. */
  #isHeard = false;
  /** The uptime when the last connection ended, in seconds. */
  #lostAt = 0;
  /** `undefined` until the link reports the connection: the broker may deliver messages before that. */
  #connectedAtMs: number | undefined;
  /** The process that took this node's place, and its uptime then. */
  #rival: { readonly instance: string; readonly uptime: number } | undefined;
  #draws = 0;
  /** The instance of the last other process that was seen. */
  #otherInstance: string | undefined;
  /** A heartbeat is about to be sent. */
  #isBeating = false;
  #hasComplained = false;
  /** Limits the cost of a flood of forged proofs. */
  readonly #checks: TokenBucket;
  /** Anybody can claim, any number of times, that this node is offline. */
  readonly #online: Coalesced<void>;

  constructor(private readonly parts: PresenceParts) {
    this.#checks = new TokenBucket(CHECKS_PER_SECOND, parts.clock.monotonicMs());
    this.#online = new Coalesced(parts.clock, parts.sayOnline);
  }

  disconnected(): void {
    this.#lostAt = this.#uptime;
    this.#connectedAtMs = undefined;
  }

  connected(): void {
    this.#connectedAtMs = this.parts.clock.monotonicMs();
  }

  /** Whether the last will of the previous owner of this client id may still arrive. */
  get #isNew(): boolean {
    const since = this.#connectedAtMs;
    return since === undefined || this.parts.clock.monotonicMs() - since < WILL_MS;
  }

  /** Proves this process's uptime to the last other process that was seen. */
  proof(uptime: number): PresenceProof | undefined {
    const { name, instance, key } = this.parts.identity;
    const to = this.#otherInstance;
    return to === undefined ? undefined : { to, seal: key.seal(presenceText(name, instance, to, uptime)) };
  }

  /** A message on one of this node's own topics. */
  receive({ topic, payload, retained }: IncomingMessage): void {
    const { identity, onEcho } = this.parts;
    const isHeartbeat = topic === topics.nodeHeartbeat(identity.name);
    if (!isHeartbeat && topic !== topics.nodeStatus(identity.name)) return;
    const said = parse(payload);
    const { instance, uptime, status } = said;
    if (typeof instance !== "string") return;
    if (instance === identity.instance) {
      this.#isHeard = true;
      if (!retained) onEcho();
      return;
    }
    this.#otherInstance = instance;
    const isLeft = !isHeartbeat && (retained || status === "offline" && this.#isNew);
    if (isLeft && typeof uptime === "number") {
      this.#judge(said, instance, uptime, () => this.#compareKept(instance, uptime, payload));
    }
    if (retained) return;
    if (isHeartbeat && typeof uptime === "number") {
      this.#judge(said, instance, uptime, () => this.#compare(instance, uptime));
    } else if (status === "offline") void this.#online.ask();
    // A node of this name has just started: after the next heartbeat both know which one stays.
    else if (status === "online") void this.#beat();
  }

  /** Compares with another process, unless it must be ignored. */
  #judge(said: Fields, instance: string, uptime: number, compare: () => void): void {
    const { identity: { name, key, instance: own }, demandsProof } = this.parts;
    const { to, seal } = (said.presence ?? {}) as Fields;
    if (!demandsProof) return compare();
    const isForThis = to === own && this.#checks.tryTake(this.parts.clock.monotonicMs());
    const text = presenceText(name, instance, own, uptime);
    if (isForThis && isSealedBy(key.public, text, seal)) return compare();
    void this.#beat();
    if (isForThis) void this.#judgeStranger(text, seal);
  }

  async #judgeStranger(text: string, seal: unknown): Promise<void> {
    const { identity: { name }, isEnrolled, onTaken, onUnproved } = this.parts;
    if (await isEnrolled(text, seal)) {
      return onTaken(
        `Another node has the key enrolled for '${name}': start this one with another --name`,
      );
    }
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    onUnproved(
      `Another process claims to be node '${name}' without proof: if it is one of your nodes, start it with another --name`,
    );
  }

  #compare(instance: string, uptime: number): void {
    const { identity, onTaken } = this.parts;
    const ownUptime = this.#uptime;
    if (uptime > ownUptime || (uptime === ownUptime && instance < identity.instance)) {
      onTaken(`${this.#other(uptime)}: start this one with another --name`);
    } else {
      // Only the process that stays publishes: the other's birth message must not be the last one.
      void this.#online.ask();
      void this.#beat();
    }
  }

  /** Compares with a process that left its status since this one was last connected. */
  #compareKept(instance: string, uptime: number, kept: Uint8Array): void {
    // A status from before this process was first received is outdated.
    if (!this.#isHeard) return;
    const before = this.#rival;
    this.#rival = { instance, uptime };
    // The will of a dead process may come late, but does not change: a live process reconnects.
    if (before?.instance !== instance || before.uptime === uptime) return;
    if (uptime < this.#lostAt - SLACK_SECONDS) return;
    const isDraw = uptime <= this.#uptime;
    if (isDraw) this.#draws += 1;
    if (isDraw && (this.#draws < MAX_DRAWS || instance > this.parts.identity.instance)) return;
    this.parts.onTaken(
      `${
        this.#other(uptime)
      } with this one's client id (was its state folder copied?): start this one with another --name`,
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

  /** Sends a heartbeat soon, but not more often than `BEAT_INTERVAL_MS`. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const { clock, beat } = this.parts;
    const waitMs = this.#lastBeatMs + BEAT_INTERVAL_MS - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs);
    this.#lastBeatMs = clock.monotonicMs();
    this.#isBeating = false;
    beat();
  }
}

function parse(payload: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(value) ? value : {};
  } catch {
    // Not a message of this software.
    return {};
  }
}
