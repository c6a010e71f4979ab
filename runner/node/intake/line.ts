/** Where commands wait for their signature to be checked, one at a time. */
import type { Clock } from "../../clock.ts";
import { type Lane, Lanes } from "./lanes.ts";
import { Overtaken, type Subject } from "./overtaken.ts";

/** How long commands are checked before the node reads new messages. */
const SLICE_MS = 5;
/** In a flood of commands without a known key, the node reads for longer after each slice. */
const FLOOD_PAUSE_MS = 10 * SLICE_MS;
/** This many new commands during a slice count as a flood. */
const FLOOD = 32;

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
  /** How many commands have arrived since the slice began. */
  #cameMeanwhile = 0;
  /** Aborted when a command arrives that names a known key. */
  #pause = new AbortController();

  constructor(
    private readonly clock: Clock,
    private readonly lanes = new Lanes<(turn: Turn | undefined) => void>(),
  ) {}

  /** Waits for a turn. @returns `undefined` when there is no room */
  wait(lane: Lane, bytes: number): Promise<Turn | undefined> {
    return new Promise((resolve) => {
      for (const drop of this.lanes.push(resolve, lane, bytes)) drop(undefined);
      this.#cameMeanwhile += 1;
      if (lane === "known") this.#pause.abort();
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

  /** Lets the node read new messages from time to time: an urgent command may be among them. */
  async #goOn(): Promise<void> {
    if (this.clock.monotonicMs() - this.#sliceBeganMs > SLICE_MS) {
      if (!this.lanes.isEmpty) await this.#read();
      this.#sliceBeganMs = this.clock.monotonicMs();
      this.#cameMeanwhile = 0;
    }
    this.#next();
  }

  async #read(): Promise<void> {
    if (this.lanes.hasKnown) return void await this.clock.sleep(1);
    this.#pause = new AbortController();
    await this.clock.sleep(this.#cameMeanwhile < FLOOD ? 1 : FLOOD_PAUSE_MS, this.#pause.signal);
  }
}
