/** What a guest runs from: files in the format of cpio (newc), which the kernel unpacks into memory. */
import { join, relative } from "@std/path";

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

const MODE = { folder: 0o040755, program: 0o100755, link: 0o120777 } as const;

/** Writes all that lies below `root` into one file. */
export async function writeInitramfs(root: string, output: string): Promise<void> {
  using file = await Deno.open(output, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  let number = 0;
  for await (const entry of entriesBelow(root, root)) await writer.write(record(entry, ++number));
  await writer.write(record({ path: "TRAILER!!!", mode: 0, data: new Uint8Array() }, 0));
  await writer.close();
}

async function* entriesBelow(root: string, folder: string): AsyncGenerator<Entry> {
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    const path = join(folder, name);
    const entry = (mode: number, data: Uint8Array): Entry => ({ path: relative(root, path), mode, data });
    if (isSymlink) yield entry(MODE.link, new TextEncoder().encode(await Deno.readLink(path)));
    else if (isDirectory) {
      yield entry(MODE.folder, new Uint8Array());
      yield* entriesBelow(root, path);
    } else yield entry(MODE.program, await Deno.readFile(path));
  }
}

function record({ path, mode, data }: Entry, number: number): Uint8Array {
  const name = new TextEncoder().encode(`${path}\0`);
  const fields = [number, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const head = new TextEncoder().encode(
    "070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join(""),
  );
  const dataAt = padded(head.length + name.length);
  const bytes = new Uint8Array(padded(dataAt + data.length));
  bytes.set(head);
  bytes.set(name, head.length);
  bytes.set(data, dataAt);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
