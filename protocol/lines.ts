/** Splits a stream of bytes into lines of bounded length. */

const LINE_FEED = 0x0a;
/** How much of an oversize line is shown. */
const START_BYTES = 200;
/** Buffers up to this size are reused for the next line. */
const KEPT_BYTES = 64 * 1024;

/**
 * Collects chunks and returns complete lines as text. Invalid UTF-8 becomes U+FFFD; empty lines are skipped.
 * Invariant: it holds at most `maxBytes` of an unfinished line; the rest of a longer line is discarded.
 */
export class LineSplitter {
  /** The unfinished line, in its first `#heldBytes`. One buffer: many tiny chunks must not cost an object each. */
  #held = new Uint8Array();
  #heldBytes = 0;
  #skipping = false;
  /** Treat a byte order mark as text: it opens a chunk only by chance. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /**
   * @param maxBytes longest line, in bytes
   * @param onOversize called once per longer line, with its beginning
   */
  constructor(private readonly maxBytes: number, private readonly onOversize: (start: string) => void) {}

  /** The lines that `chunk` completes. The caller may reuse the chunk afterwards. */
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

  /** What is left at the end of the stream: a last line without a line feed. */
  flush(): string[] {
    const rest = this.#take(new Uint8Array());
    return rest === "" ? [] : [rest];
  }

  #accept(line: string): boolean {
    // A UTF-16 unit is at least one byte; a line that is longer in bytes alone is still bounded by three times this.
    if (line.length > this.maxBytes) this.onOversize(line.slice(0, START_BYTES));
    return line !== "" && line.length <= this.maxBytes;
  }

  #take(last: Uint8Array): string {
    if (this.#heldBytes === 0) return this.#decoder.decode(last);
    this.#append(last);
    const text = this.#decoder.decode(this.#held.subarray(0, this.#heldBytes));
    this.#drop();
    return text;
  }

  #hold(rest: Uint8Array): void {
    if (rest.length === 0 || this.#skipping) return;
    this.#append(rest);
    if (this.#heldBytes <= this.maxBytes) return;
    this.onOversize(this.#decoder.decode(this.#held.subarray(0, Math.min(START_BYTES, this.#heldBytes))));
    this.#drop();
    this.#skipping = true;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#heldBytes + bytes.length;
    if (needed > this.#held.length) {
      // Double the buffer, so that each byte is copied a bounded number of times.
      const larger = new Uint8Array(Math.max(needed, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = needed;
  }

  #drop(): void {
    this.#heldBytes = 0;
    // Do not keep the memory of a large line.
    if (this.#held.length > KEPT_BYTES) this.#held = new Uint8Array();
  }
}
