/** The process of one agent: at most one at a time, watched while it runs. */
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Clock } from "../clock.ts";
import type { ProcessExit, RunningProcess } from "./ports.ts";
import { Watchdog } from "./watchdog.ts";

/** Invariant: without a process, nobody is left waiting for the agent to be held. */
export class AgentProcess {
  readonly #watchdog: Watchdog;
  #running: RunningProcess | undefined;
  /** Aborted when the process that runs now has ended. */
  #ending: AbortController | undefined;
  #onHeld: (() => void)[] = [];

  /** @param hangTimeoutMs how long its event loop may fail to answer */
  constructor(clock: Clock, hangTimeoutMs: number) {
    this.#watchdog = new Watchdog(clock, hangTimeoutMs);
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  get isCpuLimited(): boolean {
    return this.#running?.isCpuLimited === true;
  }

  get isStateFixed(): boolean {
    return this.#running?.isStateFixed === true;
  }

  /** Aborted when the process that is launched, or runs, has ended. */
  get over(): AbortSignal | undefined {
    return this.#ending?.signal;
  }

  setStopped(stopped: boolean): void {
    this.#running?.setStopped(stopped);
  }

  /** @returns `false` when no process runs, or it does not read */
  send(frame: RunnerFrame): boolean {
    return this.#running?.send(frame) ?? false;
  }

  end(how: "gracefully" | "now"): void {
    this.#running?.end(how);
  }

  /** The process has answered a ping. */
  answered(n: number): void {
    this.#watchdog.answered(n);
  }

  /** Resolves once `held` is called, or at once when no process runs. */
  whenHeld(): Promise<void> {
    if (this.#running === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#onHeld.push(resolve));
  }

  held(): void {
    for (const resolve of this.#onHeld.splice(0)) resolve();
  }

  /**
   * @param onHung called with the number of seconds for which its event loop has not answered
   * @returns `exited` resolves when it has ended
   * @throws what `start` throws
   */
  async launch(
    start: () => Promise<RunningProcess>,
    onHung: (seconds: number) => void,
  ): Promise<{ readonly exited: Promise<ProcessExit> }> {
    const ending = this.#ending = new AbortController();
    const process = this.#running = await start();
    const ping = (n: number) => void process.send({ t: "ping", n });
    const heldBackMs = () => process.heldBackMs?.() ?? 0;
    void this.#watchdog.watch({ ping, heldBackMs, onHung }, ending.signal);
    return { exited: this.#untilExit(process, ending) };
  }

  async #untilExit(process: RunningProcess, ending: AbortController): Promise<ProcessExit> {
    const exit = await process.exited;
    ending.abort();
    this.#running = undefined;
    this.held();
    return exit;
  }
}
