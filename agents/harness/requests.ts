/** Requests of agent code that the runner answers: `send_to` and `subscribe`. */
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { MessageHandler } from "../types.d.ts";
import type { Activity } from "./activity.ts";
import { fromWire } from "./payload.ts";

type MessageFrame = Extract<RunnerFrame, { t: "message" }>;

/** Promises by request id. */
export class PendingRequests {
  readonly #pending = new Map<number, (value: unknown) => void>();
  #lastId = 0;

  /** Makes a request: calls `send` with the request id and resolves with the answer. */
  ask(send: (id: number) => void): Promise<unknown> {
    const id = ++this.#lastId;
    send(id);
    return new Promise((resolve) => this.#pending.set(id, resolve));
  }

  answer(id: number, value: unknown): void {
    this.#pending.get(id)?.(value);
    this.#pending.delete(id);
  }
}

/** The handlers of an agent's subscriptions, by id. */
export class Subscriptions {
  readonly #handlers = new Map<number, MessageHandler>();

  /**
   * @param parse reads JSON for the agent's code
   * @param onFailure told when a handler throws or rejects
   */
  constructor(
    private readonly activity: Activity,
    private readonly parse: (json: string) => unknown,
    private readonly onFailure: (error: unknown, topic: string) => void,
  ) {}

  add(id: number, handler: MessageHandler): void {
    this.#handlers.set(id, handler);
  }

  remove(id: number): void {
    this.#handlers.delete(id);
  }

  /** Calls the handlers in the order messages arrive; the handlers run concurrently. */
  deliver(frame: MessageFrame): void {
    for (const id of frame.subscriptions) {
      const handler = this.#handlers.get(id);
      if (handler !== undefined) void this.#call(handler, fromWire(frame, this.parse), frame.topic);
    }
  }

  async #call(handler: MessageHandler, payload: unknown, topic: string): Promise<void> {
    try {
      await this.activity.during(() => handler(payload, topic));
    } catch (error) {
      this.onFailure(error, topic);
    }
  }
}
