/** Holds generations that arrive outside the windows in which this node, or their agents, may be changed. */
import { type ChangeWindow, windowsAt } from "../../../protocol/window.ts";
import type { Clock } from "../../clock.ts";

/** Longest single sleep: the wall clock may be set in the meantime. */
const NAP_MS = 600_000;

/** Invariant: of each fleet, only the generation that came last waits. */
export class ChangeWindows implements Disposable {
  readonly #waiting = new Map<string, AbortController>();

  /** @param own the node's own window; `undefined`: it may always be changed */
  constructor(private readonly clock: Clock, private readonly own: ChangeWindow | undefined) {}

  /** When the windows open, milliseconds since the epoch; `undefined` if all are open. */
  opensAt(windows: readonly ChangeWindow[]): number | undefined {
    const state = windowsAt([...this.own === undefined ? [] : [this.own], ...windows], this.#nowMs());
    return state.isOpen ? undefined : state.opensMs;
  }

  /** Runs `apply` at that time, unless another generation of the fleet has come by then. */
  hold(fleet: string, opensMs: number, apply: () => Promise<void>): void {
    this.drop(fleet);
    const over = new AbortController();
    this.#waiting.set(fleet, over);
    void this.#wait(fleet, opensMs, apply, over);
  }

  drop(fleet: string): void {
    this.#waiting.get(fleet)?.abort();
    this.#waiting.delete(fleet);
  }

  [Symbol.dispose](): void {
    for (const fleet of [...this.#waiting.keys()]) this.drop(fleet);
  }

  async #wait(fleet: string, opensMs: number, apply: () => Promise<void>, over: AbortController) {
    for (let leftMs = opensMs - this.#nowMs(); leftMs > 0; leftMs = opensMs - this.#nowMs()) {
      if (!await this.clock.sleep(Math.min(leftMs, NAP_MS), over.signal)) return;
    }
    if (this.#waiting.get(fleet) !== over) return;
    this.#waiting.delete(fleet);
    await apply();
  }

  #nowMs(): number {
    return this.clock.epochSeconds() * 1000;
  }
}
