/** Watches on the broker whether a node that was started there comes up. */
import type { Bus } from "../bus.ts";
import { topics } from "../../protocol/topics.ts";

/** What a node says of itself. */
export interface Heartbeat {
  readonly instance: string;
  readonly version: string;
  /** Names. */
  readonly agents: readonly string[];
}

/** Invariant: knows every process of that name that was heard since it listens. */
export class SignsOfLife implements Disposable {
  readonly #heard = new Map<string, Heartbeat>();
  readonly #waiting = new Set<() => void>();
  #subscription: Disposable | undefined;

  private constructor(private readonly signal: AbortSignal) {}

  /** @param signal aborted when nobody waits any more @throws BusError */
  static async listen(bus: Bus, node: string, signal: AbortSignal): Promise<SignsOfLife> {
    const signs = new SignsOfLife(signal);
    signs.#subscription = await bus.subscribe(topics.nodeHeartbeat(node), ({ payload, retained }) => {
      const heartbeat = retained ? undefined : readHeartbeat(payload);
      if (heartbeat === undefined) return;
      signs.#heard.set(heartbeat.instance, heartbeat);
      for (const wake of signs.#waiting) wake();
      signs.#waiting.clear();
    });
    return signs;
  }

  /** The processes heard so far. */
  get instances(): ReadonlySet<string> {
    return new Set(this.#heard.keys());
  }

  /**
   * The latest heartbeat of a process that is not among `old`, once `isEnough`; after the time is up, the latest
   * there is, or `undefined` when there is none. The same at once when nobody waits any more.
   */
  async wait(
    old: ReadonlySet<string>,
    isEnough: (heartbeat: Heartbeat) => boolean,
    timeoutMs: number,
  ): Promise<Heartbeat | undefined> {
    let isOver = this.signal.aborted;
    const end = () => {
      isOver = true;
      for (const wake of this.#waiting) wake();
    };
    const timer = setTimeout(end, timeoutMs);
    this.signal.addEventListener("abort", end);
    try {
      for (;;) {
        const heartbeat = [...this.#heard.values()].filter(({ instance }) => !old.has(instance)).at(-1);
        if (isOver || (heartbeat !== undefined && isEnough(heartbeat))) return heartbeat;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", end);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
  }
}

function readHeartbeat(payload: Uint8Array): Heartbeat | undefined {
  try {
    const { instance, version, agents, status } = JSON.parse(new TextDecoder().decode(payload));
    if (status === "offline" || typeof instance !== "string" || !Array.isArray(agents)) return undefined;
    return { instance, version: String(version), agents: agents.map(String) };
  } catch {
    // Anybody may publish there: what is no heartbeat is no sign of life.
    return undefined;
  }
}
