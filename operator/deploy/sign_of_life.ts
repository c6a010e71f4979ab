/** Watches on the broker whether a node that was started there comes up. */
import type { Bus } from "../bus.ts";
import { fieldsOf } from "../json.ts";
import { topics } from "../../protocol/topics.ts";

/** What a node says of itself. */
export interface Heartbeat {
  readonly instance: string;
  /** By which a node on the device is told from another of its name elsewhere. */
  readonly release: string | undefined;
  readonly version: string;
  /** Names. */
  readonly agents: readonly string[];
}

/** Invariant: knows every process of that name that was heard since it listens, and which of them have not said goodbye. */
export class SignsOfLife implements Disposable {
  readonly #heard = new Map<string, Heartbeat>();
  readonly #online = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #subscriptions = new DisposableStack();

  private constructor(private readonly signal: AbortSignal) {}

  /** @param signal aborted when nobody waits any more @throws BusError */
  static async listen(bus: Bus, node: string, signal: AbortSignal): Promise<SignsOfLife> {
    const signs = new SignsOfLife(signal);
    const heartbeats = await bus.subscribe(topics.nodeHeartbeat(node), ({ payload, retained }) => {
      const heartbeat = retained ? undefined : readHeartbeat(payload);
      if (heartbeat === undefined) return;
      const { instance } = heartbeat;
      // As the latest.
      signs.#heard.delete(instance);
      signs.#heard.set(instance, heartbeat);
      signs.#online.add(instance);
      signs.#wake();
    });
    signs.#subscriptions.use(heartbeats);
    // What the broker has kept tells at once of one that is there.
    const births = await bus.subscribe(topics.nodeStatus(node), ({ payload }) => {
      const { instance, status } = fieldsOf(payload);
      if (typeof instance !== "string") return;
      if (status === "online") signs.#online.add(instance);
      else signs.#online.delete(instance);
      signs.#wake();
    });
    signs.#subscriptions.use(births);
    return signs;
  }

  /** The instance of a process of that name that is online, and not known to be of that release. */
  rival(release: string | undefined): string | undefined {
    return [...this.#online].findLast((instance) => this.#heard.get(instance)?.release !== release);
  }

  /**
   * The latest heartbeat of a process of that release, once `isEnough`; after the time is up, the latest there is, or
   * `undefined` when there is none. The same at once when nobody waits any more.
   */
  async wait(
    release: string | undefined,
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
        const heartbeat = [...this.#heard.values()].findLast((heard) => heard.release === release);
        if (isOver || (heartbeat !== undefined && isEnough(heartbeat))) return heartbeat;
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", end);
    }
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function readHeartbeat(payload: Uint8Array): Heartbeat | undefined {
  try {
    const { instance, release, version, agents, status } = JSON.parse(new TextDecoder().decode(payload));
    if (status === "offline" || typeof instance !== "string" || !Array.isArray(agents)) return undefined;
    return {
      instance,
      release: typeof release === "string" ? release : undefined,
      version: String(version),
      agents: agents.map(String),
    };
  } catch {
    // Anybody may publish there: what is no heartbeat is no sign of life.
    return undefined;
  }
}
