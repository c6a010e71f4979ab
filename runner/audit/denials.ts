/** What agents have tried and were not let do: counted per agent, and written down seldom, whatever they do. */
import type { Clock } from "../clock.ts";
import type { Audit } from "./audit_log.ts";

/** What comes together makes one line. */
const GATHER_MS = 500;
/** After a line of an agent, its next one waits so long. */
const QUIET_MS = 60_000;
/** Different things per line; all others are counted. */
const MAX_NAMED = 20;
const MAX_CHARS = 200;

interface Tally {
  count: number;
  readonly named: Map<string, Set<string>>;
}

/** Invariant: an agent makes at most one line a minute; what is held is bounded, and written at the end. */
export class Denials implements Disposable {
  readonly #tallies = new Map<string, Tally>();
  readonly #life = new AbortController();

  constructor(private readonly audit: Pick<Audit, "record">, private readonly clock: Clock) {}

  /**
   * @param kind of permission: `read`, `net`, `publish`, …
   * @param what it was: a path, a host, a topic
   */
  add(agent: string, kind: string, what: string): void {
    if (this.#life.signal.aborted) return;
    const known = this.#tallies.get(agent);
    const tally = known ?? { count: 0, named: new Map<string, Set<string>>() };
    if (known === undefined) {
      this.#tallies.set(agent, tally);
      void this.#write(agent, tally);
    }
    tally.count += 1;
    if (sizeOf(tally) >= MAX_NAMED) return;
    const named = tally.named.get(kind) ?? new Set<string>();
    tally.named.set(kind, named.add(what.slice(0, MAX_CHARS)));
  }

  /** Writes what is still held. */
  [Symbol.dispose](): void {
    this.#life.abort();
    for (const [agent, tally] of this.#tallies) this.#record(agent, tally);
    this.#tallies.clear();
  }

  async #write(agent: string, tally: Tally): Promise<void> {
    const { signal } = this.#life;
    for (let waitMs = GATHER_MS; await this.clock.sleep(waitMs, signal); waitMs = QUIET_MS) {
      if (tally.count === 0) {
        this.#tallies.delete(agent);
        return;
      }
      this.#record(agent, tally);
    }
  }

  #record(agent: string, tally: Tally): void {
    if (tally.count === 0) return;
    const tried = Object.fromEntries([...tally.named].map(([kind, named]) => [kind, [...named]]));
    this.audit.record({ event: "denied", agent, count: tally.count, tried });
    tally.count = 0;
    tally.named.clear();
  }
}

function sizeOf({ named }: Tally): number {
  return [...named.values()].reduce((sum, { size }) => sum + size, 0);
}
