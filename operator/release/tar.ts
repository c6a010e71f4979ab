/** Writes POSIX tar archives (ustar): the same entries produce the same bytes. */

/** One entry of an archive. */
export type TarEntry =
  | { readonly kind: "bytes"; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  /** The content of a local file, streamed. */
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly source: string };

const BLOCK = 512;
/** Sizes of the name and prefix fields. */
const MAX_NAME = 100;
const MAX_PREFIX = 155;
/** Eleven octal digits. */
const MAX_SIZE = 8 ** 11 - 1;

/**
 * Streams an archive, in the order of `entries`; every entry has owner root and time `mtimeSeconds`.
 * @throws Error for anything the format cannot hold, and for a file whose size changes while it is read
 */
export async function* tar(entries: readonly TarEntry[], mtimeSeconds: number): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const size = entry.kind === "bytes" ? entry.bytes.length : (await Deno.stat(entry.source)).size;
    yield header(entry.path, entry.mode, size, mtimeSeconds);
    if (entry.kind === "bytes") yield entry.bytes;
    else yield* contentOf(entry.source, size);
    yield new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
  }
  yield new Uint8Array(2 * BLOCK);
}

async function* contentOf(path: string, size: number): AsyncGenerator<Uint8Array> {
  let sent = 0;
  using file = await Deno.open(path);
  for (;;) {
    const chunk = new Uint8Array(256 * 1024);
    const count = await file.read(chunk);
    if (count === null) break;
    sent += count;
    yield chunk.subarray(0, count);
  }
  if (sent !== size) throw new Error(`Cannot archive '${path}': its size has changed meanwhile`);
}

function header(path: string, mode: number, size: number, mtimeSeconds: number): Uint8Array {
  if (size > MAX_SIZE) throw new Error(`Cannot archive '${path}': it is larger than 8 GiB`);
  const block = new Uint8Array(BLOCK);
  const write = (offset: number, text: string) => block.set(new TextEncoder().encode(text), offset);
  const octal = (offset: number, digits: number, value: number) =>
    write(offset, `${value.toString(8).padStart(digits, "0")}\0`);
  const { prefix, name } = split(path);
  write(0, name);
  octal(100, 7, mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, mtimeSeconds);
  write(148, " ".repeat(8));
  write(156, "0");
  write(257, "ustar\u000000");
  write(265, "root");
  write(297, "root");
  write(345, prefix);
  // The checksum is computed with its own field filled with spaces.
  write(148, `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return block;
}

function split(path: string): { readonly prefix: string; readonly name: string } {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (bytes(path) <= MAX_NAME) return { prefix: "", name: path };
  const parts = path.split("/");
  for (let cut = parts.length - 1; cut > 0; cut--) {
    const [prefix, name] = [parts.slice(0, cut).join("/"), parts.slice(cut).join("/")];
    if (bytes(prefix) <= MAX_PREFIX && bytes(name) <= MAX_NAME) return { prefix, name };
  }
  throw new Error(`Cannot archive '${path}': the path is too long`);
}
