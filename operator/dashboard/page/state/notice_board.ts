/** The rules and notices, fetched again whenever the server says that they have changed. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { NoticeBoard } from "../../notice_wire.ts";
import { get } from "./api.ts";
import type { Store } from "./store.ts";

/** Invariant: one request at a time; what has changed meanwhile is asked for afterwards. */
export class Board {
  readonly #board = signal<NoticeBoard | null>(null);
  #isAsking = false;
  #isOld = false;

  constructor(private readonly store: Store) {}

  /** Null until it is known. */
  get value(): ReadonlySignal<NoticeBoard | null> {
    return this.#board;
  }

  start(): void {
    effect(() => {
      void this.store.notices.value;
      if (this.store.session.value !== null) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#isOld = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#isOld) {
      this.#isOld = false;
      try {
        this.#board.value = await get<NoticeBoard>("/api/notices");
      } catch {
        // What was known stays; the page says when its server is away.
      }
    }
    this.#isAsking = false;
  }
}
