/** Where commands wait for their signature to be checked, one at a time. */
import type { Clock } from "../../clock.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { Overtaken, type Subject } from "./overtaken.ts";

/** How long commands are checked before the node reads what has come meanwhile. */
const SLICE_MS = 5;

/** A command's turn to be checked. The next one waits until `passed` has been called. */
export interface Turn {
  /** Its check has ended. */
  passed(isRefused: boolean): void;
  /** @returns `false` when a later command about the same has been obeyed */
  obey(subject: Subject): boolean;
}

/** Invariant: one command at a time is checked. */
export class Line {
  readonly #overtaken = new Overtaken();
  #isBusy = false;
  #sliceBeganMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly lanes = new Lanes<(turn: Turn | undefined) => void>(),
  ) {}

  /** Waits for a turn. @returns `undefined` when so many wait that there is no room */
  wait(lane: Lane, bytes: number): Promise<Turn | undefined> {
    return new Promise((resolve) => {
      for (const drop of this.lanes.push(resolve, lane, bytes)) drop(undefined);
      if (!this.#isBusy) this.#next();
    });
  }

  #next(): void {
    const next = this.lanes.take();
    this.#isBusy = next !== undefined;
    if (next === undefined) return this.#overtaken.forget();
    const { item: begin, lane, order } = next;
    begin({
      passed: (isRefused) => {
        this.lanes.judged(lane, isRefused);
        void this.#goOn();
      },
      obey: (subject) => this.#overtaken.obey(order, subject),
    });
  }

  /** Lets the node read what comes in: the command behind a flood is in it. */
  async #goOn(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#sliceBeganMs > SLICE_MS) {
      if (!this.lanes.isEmpty) await this.clock.sleep(1);
      this.#sliceBeganMs = this.clock.monotonicMs();
    }
    this.#next();
  }
}
