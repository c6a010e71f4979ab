/** The agent's state file: JSON, replaced as a whole and atomically. */

import { parseExactly } from "../../protocol/json.ts";

/** An I/O failure or a value that cannot be kept; the message is for the agent's author. */
export class StateError extends Error {
  override name = "StateError";
}

/**
 * Invariant: what `persist` accepted is on disk, and at any moment either the file or its next version is complete: see
 * `#overwrite`.
 */
export class StateFile {
  #values: Map<string, string> | undefined;
  #frozen = false;
  /** What the next version holds and the file itself does not hold yet. */
  #owed: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param maxBytes size limit of the file
   * @param isFixed whether the file and its next version already exist, and this process cannot create files
   * @param parse reads JSON for the agent's code
   */
  constructor(
    private readonly path: string,
    private readonly maxBytes: number,
    private readonly isFixed = false,
    private readonly parse: (json: string) => unknown = JSON.parse,
  ) {}

  /** A copy of the value under `key`, so that changing it changes nothing here. */
  recall(key: string, fallback?: unknown): unknown {
    const json = this.#load().get(key);
    return json === undefined ? fallback : this.parse(json);
  }

  /** While frozen, nothing can be persisted: the state is on its way to another node. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen;
  }

  /** @throws StateError when the value is not JSON, is too large, or cannot be written; the old value then stays */
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
    // The runner set any damaged file aside before it started this process.
    return parseExactly(text) as Record<string, unknown>;
  }

  get #next(): string {
    return `${this.path}.tmp`;
  }

  #replace(bytes: Uint8Array): void {
    const temporary = this.#next;
    try {
      removeIfThere(temporary);
      // createNew never follows a link that somebody else put there.
      const file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
      try {
        for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
        file.syncSync();
        Deno.renameSync(temporary, this.path);
        // This process cannot sync the folder; a journaling file system writes the new name together with its file.
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
   * Overwrites both files in place, one after the other, so a crash leaves at least one of them complete. If the next
   * version is complete, the runner uses it and then empties it.
   */
  #overwrite(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#owed !== undefined) write(this.path, this.#owed);
    this.#owed = undefined;
    try {
      Deno.truncateSync(this.#next);
      write(this.#next, bytes);
    } catch (error) {
      // A partial file would use up the little space left.
      Deno.truncateSync(this.#next);
      throw error;
    }
    try {
      write(this.path, bytes);
      Deno.truncateSync(this.#next);
    } catch {
      // The value is safe in the next version; the file itself is written before the next version is reused.
      this.#owed = bytes;
    }
  }
}

/** Overwrites an existing file from its start, so that it keeps the disk space it already has. */
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

/** A partial file would use up the little space left. */
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
