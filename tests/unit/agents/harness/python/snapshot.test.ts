import { assertEquals, assertThrows } from "@std/assert";
import { encodeSnapshot, Snapshot } from "../../../../../agents/harness/python/snapshot.ts";

const PAGE = 4096;
const HEAD_BYTES = 64;

/** As Pyodide writes one: a magic number, the length of its head, the rest of the head, the memory. */
function whole(pages: number, fill: (memory: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + pages * PAGE);
  new Uint32Array(bytes.buffer, 0, 2).set([0x706e7300, HEAD_BYTES]);
  bytes[HEAD_BYTES - 1] = 7;
  fill(bytes.subarray(HEAD_BYTES));
  return bytes;
}

async function withFile(content: Uint8Array, test: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, content);
    test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a snapshot holds the pages that are not empty, and restores them where they were", async () => {
  const original = whole(8, (memory) => {
    memory[PAGE + 5] = 1;
    memory.fill(2, 2 * PAGE, 3 * PAGE);
    memory[8 * PAGE - 1] = 3;
  });
  const encoded = encodeSnapshot(original);
  assertEquals(encoded.length < 4 * PAGE, true);
  await withFile(encoded, (path) => {
    const snapshot = Snapshot.open(path);
    assertEquals(snapshot.head.length, original.length, "so large must the memory be");
    const memory = new Uint8Array(8 * PAGE);
    snapshot.restore(memory);
    assertEquals(memory, original.slice(HEAD_BYTES));
  });
});

Deno.test("Pyodide reads the head of a snapshot, and finds no memory to copy", async () => {
  await withFile(encodeSnapshot(whole(2, (memory) => memory.fill(1))), (path) => {
    const snapshot = Snapshot.open(path);
    const { head } = snapshot;
    assertEquals(new Uint32Array(head.buffer, head.byteOffset, 2)[1], HEAD_BYTES);
    assertEquals([...head.subarray(HEAD_BYTES - 2, HEAD_BYTES)], [0, 7]);
    assertEquals(head.subarray(HEAD_BYTES).length, 0);
    snapshot.restore(new Uint8Array(2 * PAGE));
  });
});

Deno.test("a snapshot that is cut short is an error", async () => {
  const encoded = encodeSnapshot(whole(4, (memory) => memory.fill(1)));
  await withFile(encoded.subarray(0, encoded.length - 1), (path) => {
    const snapshot = Snapshot.open(path);
    assertThrows(() => snapshot.restore(new Uint8Array(4 * PAGE)), Error, "cut short");
  });
});
