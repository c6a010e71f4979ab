/** Watches the broker to see whether a node that was just started comes up. */
import type { Bus } from "../bus.ts";
import { fieldsOf } from "../json.ts";
import { topics } from "../../protocol/topics.ts";

/** What a node reports about itself. */
export interface Heartbeat {
  readonly instance: string;
  /** Distinguishes the node on this device from another node with the same name. */
  readonly release: string | undefined;
  readonly version: string;
  /** Names. */
  readonly agents: readonly string[];
}

/** Invariant: knows every process of that name heard since listening began, and which of them are still online. */
export class SignsOfLife implements Disposable {
  readonly #heard = new Map<string, Heartbeat>();
  readonly #online = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #subscriptions = new DisposableStack();

  private constructor(private readonly signal: AbortSignal) {}

  /** @param signal aborted when nobody is waiting any more @throws BusError */
  static async listen(bus: Bus, node: string, signal: AbortSignal): Promise<SignsOfLife> {
    const signs = new SignsOfLife(signal);
    const heartbeats = await bus.subscribe(topics.nodeHeartbeat(node), ({ payload, retained }) => {
      const heartbeat = retained ? undefined : readHeartbeat(payload);
      if (heartbeat === undefined) return;
      const { instance } = heartbeat;
      // Re-inserting makes it the latest.
      signs.#heard.delete(instance);
      signs.#heard.set(instance, heartbeat);
      signs.#online.add(instance);
      signs.#wake();
    });
    signs.#subscriptions.use(heartbeats);
    // The retained status shows at once whether a node of this name is online.
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

  /** The instance of an online process with this name that is not known to run `release`. */
  rival(release: string | undefined): string | undefined {
    return [...this.#online].findLast((instance) => this.#heard.get(instance)?.release !== release);
  }

  /**
   * The latest heartbeat of a process of that release, once `isEnough` accepts it. After the timeout, or once nobody is
   * waiting any more: the latest one heard, or `undefined` if there is none.
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
    // Anyone may publish there: ignore anything that is not a heartbeat.
    return undefined;
  }
}
