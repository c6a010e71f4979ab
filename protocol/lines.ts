/** Cuts a stream of bytes into lines of bounded length, whatever the stream does. */

const LINE_FEED = 0x0a;

/**
 * Collects chunks and hands out complete lines as text. Invalid UTF-8 becomes U+FFFD; empty lines are left out.
 * Invariant: it holds at most `maxBytes` of an unfinished line; the rest of a longer one is passed over.
 */
export class LineSplitter {
  #parts: Uint8Array[] = [];
  #heldBytes = 0;
  #skipping = false;
  readonly #decoder = new TextDecoder();

  /**
   * @param maxBytes longest line, in bytes
   * @param onOversize told once per line that is longer, with the beginning of it
   */
  constructor(private readonly maxBytes: number, private readonly onOversize: (start: string) => void) {}

  /** The lines that `chunk` completes. The chunk may be reused by the caller afterwards. */
  push(chunk: Uint8Array): string[] {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end === -1) {
      this.#hold(chunk);
      return [];
    }
    let complete = chunk.subarray(0, end);
    if (this.#skipping) {
      complete = complete.subarray(Math.min(chunk.indexOf(LINE_FEED) + 1, complete.length));
      this.#skipping = false;
    }
    const text = this.#take(complete);
    this.#hold(chunk.subarray(end + 1));
    return text.split("\n").filter((line) => this.#accept(line));
  }

  /** What is left when the stream has ended: a last line without its line feed. */
  flush(): string[] {
    const rest = this.#take(new Uint8Array());
    return rest === "" ? [] : [rest];
  }

  #accept(line: string): boolean {
    // A UTF-16 unit is at least one byte; a line that is longer in bytes alone is still bounded by three times this.
    if (line.length > this.maxBytes) this.onOversize(line.slice(0, 200));
    return line !== "" && line.length <= this.maxBytes;
  }

  #take(last: Uint8Array): string {
    if (this.#parts.length === 0) return this.#decoder.decode(last);
    const joined = new Uint8Array(this.#heldBytes + last.length);
    let offset = 0;
    for (const part of [...this.#parts, last]) {
      joined.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#heldBytes = 0;
    return this.#decoder.decode(joined);
  }

  #hold(rest: Uint8Array): void {
    if (rest.length === 0 || this.#skipping) return;
    this.#parts.push(rest.slice());
    this.#heldBytes += rest.length;
    if (this.#heldBytes <= this.maxBytes) return;
    const start = this.#parts[0] ?? rest;
    this.onOversize(this.#decoder.decode(start.subarray(0, 200)));
    this.#parts = [];
    this.#heldBytes = 0;
    this.#skipping = true;
  }
}
