/** The agent's state file: JSON, replaced as a whole and atomically. */

import { parseExactly } from "../../protocol/json.ts";

/** An I/O failure or a value that cannot be kept; the message is for the agent's author. */
export class StateError extends Error {
  override name = "StateError";
}

/** Invariant: what `persist` has accepted is on disk, and the file is complete at any moment. */
export class StateFile {
  #values: Map<string, string> | undefined;
  #frozen = false;

  /**
   * @param maxBytes size limit of the file
   * @param parse reads JSON for the agent's code
   */
  constructor(
    private readonly path: string,
    private readonly maxBytes: number,
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
    this.#replace(key, bytes);
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

  #replace(key: string, bytes: Uint8Array): void {
    const temporary = `${this.path}.tmp`;
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
      throw new StateError(`Cannot persist '${key}': ${(error as Error).message}`);
    }
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
