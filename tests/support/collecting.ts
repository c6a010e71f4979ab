/** A program for a test: holds memory, lets go of it, and prints what the collector makes of that, in MiB. */
import { garbageCollector, residentMb } from "../../runner/memory_trim.ts";

const collect = garbageCollector();
await collect();
const before = residentMb();
const kept = Array.from({ length: 10 }, () => new Uint8Array(8 << 20).fill(1));
const held = residentMb();
kept.length = 0;
await collect();
// The pages go back a moment later.
const deadline = performance.now() + 10_000;
while (residentMb() > before + 20 && performance.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const result = JSON.stringify({ before, held, after: residentMb() });
Deno.stdout.writeSync(new TextEncoder().encode(result));
