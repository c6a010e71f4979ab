/**
 * Snapshot of a started Python interpreter: a file with the non-empty pages of its memory. They are read straight into
 * the memory of a new interpreter, which then continues from the same state.
 *
 * Layout: three 32-bit words (bytes of the index, bytes of the head, total bytes of memory), the index (JSON: offset
 * and length of each run of pages), the head as Pyodide wrote it, the pages.
 */

const PAGE_BYTES = 4096;
const WORDS = 3;

type Run = [offset: number, length: number];

/** Reads to the end of the buffer. @throws Error when the file ends before it */
type Read = (buffer: Uint8Array) => void;

/** Poses as a whole snapshot for Pyodide: Pyodide reads the head from it; `Snapshot.restore` fills the memory. */
class HeadOnly extends Uint8Array<ArrayBuffer> {
  #whole = 0;

  static of_(head: Uint8Array<ArrayBuffer>, whole: number): HeadOnly {
    const view = new HeadOnly(head.buffer);
    view.#whole = whole;
    return view;
  }

  /** The required size of the memory. The base constructor reads it too, before any field exists. */
  override get length(): number {
    return #whole in this && this.#whole > 0 ? this.#whole : super.length;
  }

  /** Without an end, Pyodide asks for the memory, which is not in here. */
  override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
    return end === undefined ? new Uint8Array() : new Uint8Array(this.buffer, begin, end - (begin ?? 0));
  }
}

/** A snapshot being loaded into an interpreter. */
export class Snapshot {
  private constructor(
    /** For Pyodide's `_loadSnapshot`. */
    readonly head: Uint8Array,
    private readonly runs: readonly Run[],
    private readonly read: Read,
    private readonly file: Deno.FsFile,
  ) {}

  /** @throws Deno's error when the file cannot be read */
  static open(path: string): Snapshot {
    const file = Deno.openSync(path);
    const read: Read = (buffer) => {
      for (let offset = 0; offset < buffer.length;) {
        const count = file.readSync(buffer.subarray(offset));
        if (count === null) throw new Error(`the snapshot of Python is cut short: ${path}`);
        offset += count;
      }
    };
    const words = new Uint32Array(WORDS);
    read(new Uint8Array(words.buffer));
    const [indexBytes = 0, headBytes = 0, memoryBytes = 0] = words;
    const index = new Uint8Array(indexBytes);
    read(index);
    const head = new Uint8Array(headBytes);
    read(head);
    const runs = JSON.parse(new TextDecoder().decode(index)) as Run[];
    return new Snapshot(HeadOnly.of_(head, memoryBytes), runs, read, file);
  }

  /** Fills the memory of a new interpreter. Pages not in the snapshot stay untouched and cost nothing. */
  restore(memory: Uint8Array): void {
    using _file = this.file;
    for (const [offset, length] of this.runs) this.read(memory.subarray(offset, offset + length));
  }
}

/** Writes the result of Pyodide's `makeMemorySnapshot` as such a file. */
export function encodeSnapshot(whole: Uint8Array): Uint8Array {
  const headBytes = new Uint32Array(whole.buffer, whole.byteOffset, 2)[1] ?? 0;
  const memory = whole.subarray(headBytes);
  const runs = fullRuns(memory);
  const index = new TextEncoder().encode(JSON.stringify(runs));
  const words = new Uint32Array([index.length, headBytes, whole.length]);
  const parts = [new Uint8Array(words.buffer), index, whole.subarray(0, headBytes)];
  for (const [offset, length] of runs) parts.push(memory.subarray(offset, offset + length));
  const encoded = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

function fullRuns(memory: Uint8Array): Run[] {
  const runs: Run[] = [];
  const words = new BigUint64Array(memory.slice().buffer);
  const wordsPerPage = PAGE_BYTES / BigUint64Array.BYTES_PER_ELEMENT;
  for (let page = 0; page * PAGE_BYTES < memory.length; page++) {
    const isEmpty = words.subarray(page * wordsPerPage, (page + 1) * wordsPerPage).every((word) =>
      word === 0n
    );
    if (isEmpty) continue;
    const offset = page * PAGE_BYTES;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += PAGE_BYTES;
    else runs.push([offset, PAGE_BYTES]);
  }
  return runs;
}
