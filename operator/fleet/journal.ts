/** Log lines since this program started listening: more than nodes remember, and also from nodes that remember nothing. */
import type { Bus, BusMessage } from "../bus.ts";
import { isOf, type LogLine, readLine } from "../operations/reports.ts";

const FILTERS = ["agents/+/logs", "agents/+/errors"] as const;
const MAX_LINES = 5000;
const MAX_CHARS = 2000;
/** A longer message is not a log line. */
const MAX_BYTES = 100_000;

/** Invariant: the number of lines and the size of each are bounded; the oldest are dropped first. */
export class Journal implements Disposable {
  readonly #lines: LogLine[] = [];
  readonly #listeners = new Set<(line: LogLine) => void>();
  #subscriptions: Disposable | undefined;

  private constructor() {}

  /** Starts listening. @throws BusError when the broker's rules do not allow it */
  static async open(bus: Bus): Promise<Journal> {
    const journal = new Journal();
    const handler = (message: BusMessage) => {
      const line = message.payload.length > MAX_BYTES ? undefined : readLine(message);
      if (line !== undefined) journal.#add(line);
    };
    journal.#subscriptions = await bus.subscribeAll(FILTERS.map((filter) => ({ filter, handler })));
    return journal;
  }

  /** The last lines of an agent, or of a node and its agents; of everything without a target. */
  read(
    target: string | undefined,
    options: { readonly errorsOnly: boolean; readonly max: number },
  ): LogLine[] {
    const lines = this.#lines.filter((line) =>
      isOf(line, target) && (!options.errorsOnly || line.kind === "error")
    );
    return lines.slice(-options.max);
  }

  /** Calls the listener for each line from now on, until disposed of. */
  follow(listener: (line: LogLine) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#subscriptions?.[Symbol.dispose]();
  }

  #add(line: LogLine): void {
    const cut = {
      ...line,
      message: line.message.slice(0, MAX_CHARS),
      traceback: line.traceback?.slice(0, MAX_CHARS),
    };
    this.#lines.push(cut);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
    for (const listener of this.#listeners) listener(cut);
  }
}
