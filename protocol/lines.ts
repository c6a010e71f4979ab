/** Cuts a stream of bytes into lines of bounded length, whatever the stream does. */

const LINE_FEED = 0x0a;
/** So much of an oversize line is shown. */
const START_BYTES = 200;
/** Size up to which the buffer is used again for the next line. */
const KEPT_BYTES = 64 * 1024;

/**
 * Collects chunks and hands out complete lines as text. Invalid UTF-8 becomes U+FFFD; empty lines are left out.
 * Invariant: it holds at most `maxBytes` of an unfinished line; the rest of a longer one is passed over.
 */
export class LineSplitter {
  /** The unfinished line, in its first `#heldBytes`. One buffer: many tiny chunks must not cost an object each. */
  #held = new Uint8Array();
  #heldBytes = 0;
  #skipping = false;
  /** A byte order mark is text like any other: whether it opens a chunk is chance. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

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
      // Doubled: each byte is copied a bounded number of times.
      const larger = new Uint8Array(Math.max(needed, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = needed;
  }

  #drop(): void {
    this.#heldBytes = 0;
    // A large line must not keep its memory for ever.
    if (this.#held.length > KEPT_BYTES) this.#held = new Uint8Array();
  }
}
