/** Unsent input, which survives switching views and reloading the page. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

const PREFIX = "agentflow-draft:";

/** Invariant: empty drafts are not stored. */
export class Drafts {
  readonly #drafts: Signal<ReadonlyMap<string, string>> = signal(stored());

  /** The draft of that name; empty when there is none. */
  get(name: string): string {
    return this.#drafts.value.get(name) ?? "";
  }

  get all(): ReadonlySignal<ReadonlyMap<string, string>> {
    return this.#drafts;
  }

  /** @param text empty to drop it */
  set(name: string, text: string): void {
    const drafts = new Map(this.#drafts.peek());
    if (text === "") drafts.delete(name);
    else drafts.set(name, text);
    this.#drafts.value = drafts;
    try {
      if (text === "") sessionStorage.removeItem(PREFIX + name);
      else sessionStorage.setItem(PREFIX + name, text);
    } catch {
      // Without storage, drafts last until the page is closed.
    }
  }
}

function stored(): ReadonlyMap<string, string> {
  try {
    return new Map(
      Object.entries({ ...sessionStorage }).flatMap(([key, text]): [string, string][] =>
        key.startsWith(PREFIX) ? [[key.slice(PREFIX.length), String(text)]] : []
      ),
    );
  } catch {
    return new Map();
  }
}
