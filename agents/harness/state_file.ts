/** The agent's state file: JSON, replaced as a whole and atomically. */

import { parseExactly } from "../../protocol/json.ts";

/** An I/O failure or a value that cannot be kept; the message is for the agent's author. */
export class StateError extends Error {
  override name = "StateError";
}

/**
 * Invariant: what `persist` has accepted is on disk, and at any moment the file is complete, or its next version is: see
 * `#overwrite`.
 */
export class StateFile {
  #values: Map<string, string> | undefined;
  #frozen = false;
  /** What is in the next version, and not yet in the file itself. */
  #owed: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param maxBytes size limit of the file
   * @param isFixed whether it and its next version are there already, and this process can make no file
   * @param parse reads JSON for the agent's code
   */
  constructor(
    private readonly path: string,
    private readonly maxBytes: number,
    private readonly isFixed = false,
    private readonly parse: (json: string) => unknown = JSON.parse,
  ) {}

  /** The value under `key`: a copy, so that changing it changes nothing here. */
  recall(key: string, fallback?: unknown): unknown {
    const json = this.#load().get(key);
    return json === undefined ? fallback : this.parse(json);
  }

  /** While frozen, nothing can be persisted: the state is on its way to another node. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen;
  }

  /** @throws StateError when the value is no JSON, too large, or cannot be written; the old value then stays */
  persist(key: string, value: unknown): void {
    if (typeof key !== "string") {
      throw new StateError(`Cannot persist: the key must be a string, got ${typeof key}`);
    }
    if (this.#frozen) throw new StateError(`Cannot persist '${key}': the agent is moving to another node`);
    const json = toJson(key, value);
    const next = new Map(this.#load()).set(key, json);
    const content = `{${Array.from(next, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
    const bytes = new TextEncoder().encode(content);
    if (bytes.length > this.maxBytes) {
      throw new StateError(
        `Cannot persist '${key}': the state file would have ${bytes.length} bytes, the limit is ${this.maxBytes}`,
      );
    }
    try {
      if (this.isFixed) this.#overwrite(bytes);
      else this.#replace(bytes);
    } catch (error) {
      throw new StateError(`Cannot persist '${key}': ${(error as Error).message}`);
    }
    this.#values = next;
  }

  #load(): Map<string, string> {
    return this.#values ??= new Map(
      Object.entries(this.#read()).map(([key, value]) => [key, JSON.stringify(value)]),
    );
  }

  #read(): Record<string, unknown> {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return {};
      throw new StateError(`Cannot read the state file: ${(error as Error).message}`);
    }
    // The runner has set a damaged file aside before this process was started.
    return parseExactly(text) as Record<string, unknown>;
  }

  get #next(): string {
    return `${this.path}.tmp`;
  }

  #replace(bytes: Uint8Array): void {
    const temporary = this.#next;
    try {
      removeIfThere(temporary);
      // createNew never follows a link that somebody else has put there.
      const file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
      try {
        for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
        file.syncSync();
        Deno.renameSync(temporary, this.path);
        // The folder is out of reach in here; a journaling file system puts the new name on disk with its file.
        file.syncSync();
      } finally {
        file.close();
      }
    } catch (error) {
      discard(temporary);
      throw error;
    }
  }

  /**
   * Writes both files in their places, one after the other: a crash finds one of them complete. The runner takes the next
   * version where that is complete, and empties it.
   */
  #overwrite(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#owed !== undefined) write(this.path, this.#owed);
    this.#owed = undefined;
    try {
      Deno.truncateSync(this.#next);
      write(this.#next, bytes);
    } catch (error) {
      // Half a file would take what little room there is.
      Deno.truncateSync(this.#next);
      throw error;
    }
    try {
      write(this.path, bytes);
      Deno.truncateSync(this.#next);
    } catch {
      // It is kept all the same, in the next version: the file itself follows before that is used again.
      this.#owed = bytes;
    }
  }
}

/** Writes a file that is there, from its beginning: the room that it has stays its own. */
function write(path: string, bytes: Uint8Array): void {
  const file = Deno.openSync(path, { write: true });
  try {
    for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
    file.truncateSync(bytes.length);
    file.syncSync();
  } finally {
    file.close();
  }
}

/** Half a file would take what little room there is. */
function discard(temporary: string): void {
  try {
    removeIfThere(temporary);
  } catch {
    // The next attempt removes it, or says why it cannot.
  }
}

function toJson(key: string, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw new StateError(`Cannot persist '${key}': the value is not JSON: ${(error as Error).message}`);
  }
  return json ?? "null";
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
