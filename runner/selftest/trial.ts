/** One agent of the self-test: records what it does, and waits for what it must do. */
import type { AgentOutcome, ErrorReport, VisibleState } from "../supervisor/state.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";

/** What the supervisor reported about the agent. */
export type TrialEvent =
  | { readonly kind: "state"; readonly state: VisibleState }
  | { readonly kind: "error"; readonly report: ErrorReport }
  /** `restartCount` is the supervisor's at that moment. */
  | {
    readonly kind: "published";
    readonly topic: string;
    readonly text: string;
    readonly restartCount: number;
  }
  | { readonly kind: "said"; readonly message: string }
  | { readonly kind: "ended"; readonly outcome: AgentOutcome };

type Published = Extract<TrialEvent, { kind: "published" }>;

/** Invariant: `events` holds everything the supervisor reported, in order. */
export class Trial {
  readonly events: TrialEvent[] = [];
  #wake: () => void = () => {};

  /** Set as soon as it is under supervision. */
  agent: SupervisedAgent | undefined;

  /** @param timeUp aborted, with the reason, when waiting must end */
  constructor(private readonly timeUp: AbortSignal) {}

  record(event: TrialEvent): void {
    this.events.push(event);
    this.#wake();
  }

  /**
   * Waits until `fits` holds for what has been recorded.
   * @param what the expected event, named in the error
   * @throws Error with what the agent did instead, when it has ended or the time is up
   */
  async until(what: string, fits: () => boolean): Promise<void> {
    while (!fits()) {
      if (this.outcome !== undefined) throw new Error(`it ended before ${what}: ${this.#account()}`);
      if (this.timeUp.aborted) {
        throw new Error(`${this.timeUp.reason} waiting for ${what}: ${this.#account()}`);
      }
      await this.#next();
    }
  }

  /** Waits until it has published `count` times. */
  async untilPublished(count: number): Promise<readonly Published[]> {
    await this.until(`its message number ${count}`, () => this.published.length >= count);
    return this.published;
  }

  /** Waits until it has ended, in whatever way. */
  async untilEnded(): Promise<AgentOutcome> {
    await this.until("its end", () => this.outcome !== undefined);
    return this.outcome ?? { kind: "stopped", reason: "stop" };
  }

  get published(): Published[] {
    return this.events.filter((event) => event.kind === "published");
  }

  get errors(): ErrorReport[] {
    return this.events.filter((event) => event.kind === "error").map(({ report }) => report);
  }

  get states(): VisibleState[] {
    return this.events.filter((event) => event.kind === "state").map(({ state }) => state);
  }

  get outcome(): AgentOutcome | undefined {
    return this.events.find((event) => event.kind === "ended")?.outcome;
  }

  /** Resolves at the next event, or when the time is up. */
  async #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = this.#wake = () => resolve();
    this.timeUp.addEventListener("abort", wake, { once: true });
    await promise;
    this.timeUp.removeEventListener("abort", wake);
  }

  /** What is known of the agent, in one line: its last error, else its state and its last output. */
  #account(): string {
    const error = this.errors.at(-1);
    if (error !== undefined) return `${error.phase} error: ${oneLine(error.error)}`;
    const said = this.events.findLast((event) => event.kind === "said")?.message;
    const state = this.states.at(-1) ?? "not running yet";
    return said === undefined ? `it is ${state}` : `it is ${state}, and said: ${oneLine(said)}`;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 300);
}
