import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { detached } from "../../../../../runner/node/intake/detached.ts";

Deno.test("a payload that waits does not keep what was read with it", () => {
  const read = Buffer.from("a small command, and much that came with it");
  for (const part of [read.subarray(0, 15), new Uint8Array(1000).subarray(0, 15)]) {
    const own = detached(part);
    assertEquals([...own], [...part]);
    assertEquals(own.buffer.byteLength, 15);
  }
});

Deno.test("a payload that came alone is not copied", () => {
  const alone = new Uint8Array(10);
  assert(detached(alone) === alone);
});
