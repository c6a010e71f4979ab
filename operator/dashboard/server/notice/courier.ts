/** Sends what is in the outbox, and tries again what could not be sent. */
import type { Delivery, NoticeShelf } from "./shelf.ts";
import type { Channel } from "./channels/channel.ts";
import { DeliveryError } from "./channels/channel.ts";

const BATCH = 50;
const FIRST_RETRY_SECONDS = 5;
const MAX_RETRY_SECONDS = 300;
/** After this long, a message is of no use any more. */
const GIVE_UP_SECONDS = 24 * 3600;
/** How long a channel may take to accept a message, milliseconds. */
const SEND_MS = 20_000;

export interface CourierOptions {
  readonly shelf: NoticeShelf;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Whether this dashboard is the one that tells. */
  readonly mayTell: () => boolean;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * A delivery stays in the outbox until its channel has accepted it and this is written down. So it is sent at least once; it
 * is sent twice only if the process is killed between the two, and then with the same id.
 *
 * Invariants: one message at a time for each channel, in their order; a channel that fails holds up no other; what was
 * accepted is not sent again while its mark cannot be written.
 */
export class Courier {
  /** Accepted, but not marked yet. */
  readonly #accepted = new Set<string>();
  readonly #ended = new AbortController();
  #round: Promise<void> | undefined;
  #isAgain = false;

  constructor(private readonly options: CourierOptions) {}

  /** Sends what is due. Call it after a commit, and every second for what is tried again. */
  wake(): Promise<void> {
    if (this.#ended.signal.aborted || !this.options.mayTell()) return Promise.resolve();
    if (this.#round !== undefined) {
      this.#isAgain = true;
      return this.#round;
    }
    this.#round = this.#rounds().catch((error) => this.options.onError(error)).finally(() =>
      this.#round = undefined
    );
    return this.#round;
  }

  /** Waits for what is on its way: a message that was accepted must be marked. */
  async dispose(): Promise<void> {
    this.#ended.abort();
    await this.#round;
  }

  async #rounds(): Promise<void> {
    do {
      this.#isAgain = false;
      const due = await this.options.shelf.due(this.options.now(), BATCH);
      const byChannel = Map.groupBy(due, ({ channel }) => channel);
      await Promise.all([...byChannel.values()].map((deliveries) => this.#sendAll(deliveries)));
      if (due.length > 0) this.options.onChange();
    } while (this.#isAgain && !this.#ended.signal.aborted);
  }

  async #sendAll(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      if (this.#ended.signal.aborted || !this.options.mayTell()) return;
      // The next ones wait as well: their order is kept, and the channel is likely to fail again.
      if (!await this.#send(delivery)) return;
    }
  }

  /** @returns whether to go on with the channel's next message */
  async #send({ id, channel, message, created, attempts }: Delivery): Promise<boolean> {
    const { shelf, channels, now } = this.options;
    if (!this.#accepted.has(id)) {
      const target = channels.get(channel);
      try {
        if (target === undefined) {
          throw new DeliveryError(`no channel is called '${channel}' any more`, "final");
        }
        await target.send(message, AbortSignal.timeout(SEND_MS));
        this.#accepted.add(id);
      } catch (error) {
        const isFinal = error instanceof DeliveryError && error.kind === "final";
        const nextAt = now() + retrySeconds(attempts);
        const isGivenUp = isFinal || nextAt - created > GIVE_UP_SECONDS;
        await shelf.markFailed(id, (error as Error).message, isGivenUp ? null : nextAt);
        return isFinal;
      }
    }
    await shelf.markSent(id);
    this.#accepted.delete(id);
    return true;
  }
}

/** 5 s, 10 s, … 5 min. @param attempts made before this one */
export function retrySeconds(attempts: number): number {
  return Math.min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.min(attempts, 10));
}
