/** Counts what agents tried and were denied, per agent, and logs it at a limited rate. */
import type { Clock } from "../clock.ts";
import type { Audit } from "./audit_log.ts";

/** Denials within this time share one line. */
const GATHER_MS = 500;
/** Minimum time between two lines of one agent. */
const QUIET_MS = 60_000;
/** Different targets of one kind named per line; all others are only counted. */
const MAX_NAMED = 20;
/** More than the number of kinds, which are the node's and Deno's own words. */
const MAX_KINDS = 32;
const MAX_CHARS = 200;

interface Tally {
  count: number;
  readonly what: Set<string>;
}

/**
 * Invariants: an agent causes at most one line a minute; pending data is bounded, and written at the end; a flood of one kind,
 * even one made up by the agent, takes no room from another kind, and its order does not decide which targets of
 * its own kind are named.
 */
export class Denials implements Disposable {
  /** By agent and kind. */
  readonly #tallies = new Map<string, Map<string, Tally>>();
  readonly #life = new AbortController();

  /** @param random from 0 to below 1 */
  constructor(
    private readonly audit: Pick<Audit, "record">,
    private readonly clock: Clock,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * @param kind the kind of permission: `read`, `net`, `publish`, …
   * @param what the target: a path, a host, a topic
   */
  add(agent: string, kind: string, what: string): void {
    if (this.#life.signal.aborted) return;
    const known = this.#tallies.get(agent);
    const kinds = known ?? new Map<string, Tally>();
    if (known === undefined) {
      this.#tallies.set(agent, kinds);
      void this.#write(agent, kinds);
    }
    const tally = kinds.get(kind) ?? { count: 0, what: new Set<string>() };
    if (kinds.size < MAX_KINDS) kinds.set(kind, tally);
    tally.count += 1;
    this.#name(tally, what.slice(0, MAX_CHARS));
  }

  /** Writes everything still pending. */
  [Symbol.dispose](): void {
    this.#life.abort();
    for (const [agent, kinds] of this.#tallies) this.#record(agent, kinds);
    this.#tallies.clear();
  }

  /** Reservoir sampling: every target is equally likely to be named. */
  #name({ what: named, count }: Tally, what: string): void {
    if (named.size >= MAX_NAMED && !named.has(what)) {
      const place = Math.floor(this.random() * count);
      if (place >= MAX_NAMED) return;
      named.delete([...named][place] ?? "");
    }
    named.add(what);
  }

  async #write(agent: string, kinds: Map<string, Tally>): Promise<void> {
    const { signal } = this.#life;
    for (let waitMs = GATHER_MS; await this.clock.sleep(waitMs, signal); waitMs = QUIET_MS) {
      if (kinds.size === 0) {
        this.#tallies.delete(agent);
        return;
      }
      this.#record(agent, kinds);
    }
  }

  #record(agent: string, kinds: Map<string, Tally>): void {
    if (kinds.size === 0) return;
    const by = <T>(of: (tally: Tally) => T) =>
      Object.fromEntries(Array.from(kinds, ([kind, tally]) => [kind, of(tally)]));
    const counts = by(({ count }) => count);
    const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
    this.audit.record({ event: "denied", agent, count, counts, tried: by(({ what }) => [...what]) });
    kinds.clear();
  }
}
