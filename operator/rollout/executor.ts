/** Carries out a roll-out: feeds the pure core with events, stores its state, and performs its effects. */
import { orAborted } from "../../protocol/abort.ts";
import type { Outcome, RolloutEffect, RolloutEvent, RolloutState } from "./state.ts";
import { isOver, transition } from "./transition.ts";

/** What a roll-out does to the nodes. Each may be done twice: after a crash it is done again. */
export interface Work {
  /** @returns the nodes that cannot be reached */
  look(): Promise<readonly string[]>;
  /**
   * Changes nodes.
   * @param changed all nodes that have the change, with these
   * @param tell receives the outcomes: all of them at first, later again those of nodes that waited
   * @throws OvertakenError
   */
  change(
    nodes: readonly string[],
    changed: readonly string[],
    tell: (outcomes: Readonly<Record<string, Outcome>>) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Watches nodes until `untilMs`, then checks each of them. @param tell receives what is wrong with a node */
  soak(
    nodes: readonly string[],
    untilMs: number,
    tell: (node: string, why: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Gives nodes their previous state back. @param changed the nodes that keep the change @returns why some failed */
  restore(
    nodes: readonly string[],
    changed: readonly string[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>;
}

export interface ExecutorOptions {
  readonly work: Work;
  readonly store: {
    save(state: RolloutState): Promise<void>;
    readonly takenOver: Promise<never>;
  };
  readonly signal: AbortSignal;
  readonly onState: (state: RolloutState) => void;
  /** The error that means that somebody else has changed the fleet. */
  readonly overtakenBy: (error: unknown) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Invariants: the state is stored before its effects are performed; effects of a phase that is over are aborted. */
export class Executor {
  readonly #events: RolloutEvent[] = [];
  #onEvent: () => void = () => {};
  readonly #broken = Promise.withResolvers<never>();
  #running: { readonly over: AbortController; readonly done: Promise<void> } | undefined;

  constructor(private state: RolloutState, private readonly options: ExecutorOptions) {
    this.#broken.promise.catch(() => {});
  }

  feed(event: RolloutEvent): void {
    this.#events.push(event);
    this.#onEvent();
  }

  /** @returns the state once it is over @throws the signal's reason; OperationError if another executor goes on; BusError */
  async run(): Promise<RolloutState> {
    const { store, signal } = this.options;
    try {
      while (!isOver(this.state) || this.#events.length > 0) {
        const event = this.#events.shift();
        if (event !== undefined) await this.#take(event);
        else {
          const more = new Promise<void>((resolve) => this.#onEvent = resolve);
          await orAborted(Promise.race([more, store.takenOver, this.#broken.promise]), signal);
        }
      }
      return this.state;
    } finally {
      this.#running?.over.abort();
      await this.#running?.done;
    }
  }

  async #take(event: RolloutEvent): Promise<void> {
    const { store, onState, now = Date.now } = this.options;
    const { state, effects } = transition(this.state, event, now());
    const hasMoved = state.phase !== this.state.phase;
    const isOther = state !== this.state;
    this.state = state;
    if (isOther) await store.save(state);
    // Waits for what is over to end: two effects never change nodes at once.
    if (hasMoved && state.phase.kind !== "changing") await this.#stopRunning();
    if (isOther) onState(state);
    for (const effect of effects) this.#start(effect);
  }

  async #stopRunning(): Promise<void> {
    this.#running?.over.abort();
    await this.#running?.done;
    this.#running = undefined;
  }

  #start(effect: RolloutEffect): void {
    const over = new AbortController();
    const done = this.#perform(effect, over.signal).catch((error) => {
      const why = this.options.overtakenBy(error);
      if (why !== undefined) this.feed({ kind: "overtaken", why });
      else if (!over.signal.aborted) this.#broken.reject(error);
    });
    this.#running = { over, done };
  }

  async #perform(effect: RolloutEffect, signal: AbortSignal): Promise<void> {
    const { work } = this.options;
    const { changed } = this.state;
    switch (effect.kind) {
      case "look":
        return this.feed({ kind: "looked", off: await work.look() });
      case "change": {
        const tell = (outcomes: Readonly<Record<string, Outcome>>) =>
          this.feed({ kind: "outcomes", outcomes });
        return await work.change(effect.nodes, changed, tell, signal);
      }
      case "soak": {
        const tell = (node: string, why: string) => this.feed({ kind: "unhealthy", node, why });
        await work.soak(effect.nodes, effect.untilMs, tell, signal);
        return signal.aborted ? undefined : this.feed({ kind: "soaked" });
      }
      case "withdraw": {
        const rest = changed.filter((node) => !effect.nodes.includes(node));
        await work.restore(effect.nodes, rest, signal);
        return this.feed({ kind: "withdrawn" });
      }
      case "revert":
        return this.feed({ kind: "reverted", failures: await work.restore(effect.nodes, [], signal) });
      default:
        return effect satisfies never;
    }
  }
}
