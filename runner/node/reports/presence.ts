/** Makes sure that only one process uses this node's name, and that its status on the broker is right. */
import { isJsonObject } from "../../../protocol/json.ts";
import { isSealedBy, presenceText } from "../../../protocol/signing/statements.ts";
import { TokenBucket } from "../../../protocol/token_bucket.ts";
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { NodeIdentity } from "./identity.ts";

/** For one other process of this name: how long this one has been there, signed. */
export interface PresenceProof {
  /** The `instance` it is for: nobody can have recorded it before that process began. */
  readonly to: string;
  readonly seal: string;
}

export interface PresenceParts {
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  /** Whether another process of this name counts only when it proves that it is this node. */
  readonly demandsProof: boolean;
  /** Whether it is proved that the node that is enrolled under this name has said `text`. */
  readonly isEnrolled: (text: string, seal: unknown) => Promise<boolean>;
  /** Publishes again that this node is online. */
  readonly sayOnline: () => void;
  /** Sends a heartbeat now. */
  readonly beat: () => void;
  /** The node's own message has come back from the broker. */
  readonly onEcho: () => void;
  /**
   * Another process of this name has been there before.
   * @param kept its status, where the broker had it: this process has overwritten it
   */
  readonly onTaken: (message: string, kept?: Uint8Array) => void;
  /** Another process claims this name without proof. */
  readonly onUnproved: (message: string) => void;
}

type Fields = Readonly<Record<string, unknown>>;

/** Another node is answered at once, but not more often than this. */
const BEAT_INTERVAL_MS = 500;
/** A last will is older than the moment at which its sender has taken the connection over. */
const SLACK_SECONDS = 1;
/** Another process proves itself every ten seconds, and when it has heard this one. */
const CHECKS_PER_SECOND = 50;
/** So often two that began at the same time have met before their instances decide. */
const MAX_DRAWS = 5;

/**
 * Two nodes of one name see each other's heartbeats. The one that has been up longer stays; the other leaves: both
 * compare the same two numbers, on scales that never jump.
 *
 * Two with one state folder, copied, have one client id, too: the broker closes the connection of one for that of the
 * other, and they are never there together. Each finds what the broker has kept of the other since it was there last.
 *
 * Each signs its uptime for the instance of the other, once it has heard that. Where proof is demanded, nobody leaves for
 * what is not signed so: with this node's own key (its state folder has been copied), or with the key that is enrolled
 * for its name (then this node is not the one that is meant).
 */
export class Presence {
  #lastBeatMs = -Infinity;
  /** Whether the broker has received the status of this process. */
  #isHeard = false;
  /** Up for so long when the last connection ended, seconds. */
  #lostAt = 0;
  /** Who has taken this node's place, and how long that one was up then. */
  #rival: { readonly instance: string; readonly uptime: number } | undefined;
  #draws = 0;
  /** The instance of the other process that was heard last. */
  #otherInstance: string | undefined;
  /** A heartbeat is about to be sent. */
  #isBeating = false;
  #hasComplained = false;
  /** A flood of forged proofs costs no more than so many checks. */
  readonly #checks: TokenBucket;

  constructor(private readonly parts: PresenceParts) {
    this.#checks = new TokenBucket(CHECKS_PER_SECOND, parts.clock.monotonicMs());
  }

  disconnected(): void {
    this.#lostAt = this.#uptime;
  }

  /** What proves to the other process that was heard last how long this one has been there. */
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
    if (retained) {
      if (isHeartbeat || typeof uptime !== "number") return;
      this.#judge(said, instance, uptime, () => this.#compareKept(instance, uptime, payload));
    } else if (isHeartbeat && typeof uptime === "number") {
      this.#judge(said, instance, uptime, () => this.#compare(instance, uptime));
    } else if (status === "offline") this.parts.sayOnline();
    // A node of this name has just been born: by the next heartbeat both know which one stays.
    else if (status === "online") void this.#beat();
  }

  /** Compares with another process, where it is one that counts. */
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
      this.parts.sayOnline();
      void this.#beat();
    }
  }

  /** What another process has left here since this one was. */
  #compareKept(instance: string, uptime: number, kept: Uint8Array): void {
    // What was there before this one was heard is of the past.
    if (!this.#isHeard) return;
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

  /** Soon enough for whoever has just been heard, and for nobody more often than that. */
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
