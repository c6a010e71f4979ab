import { assert, assertEquals } from "@std/assert";
import { pageSizeIn, residentMemory, writtenMb } from "../../../../runner/process/proc_glance.ts";
import { ProcStats } from "../../../../runner/process/proc_stats.ts";

Deno.test("a glance sees the same memory as the thorough look", () => {
  const [glanced, held] = [residentMemory()(Deno.pid) ?? 0, new ProcStats().held(Deno.pid)?.heldMb ?? 0];
  // Other threads go on between the two.
  assert(Math.abs(glanced - held) < 16, `${glanced} and ${held} MiB`);
});

Deno.test("the page size is the machine's own; where it is not told, the largest there is", () => {
  const auxv = (...pairs: [bigint, bigint][]) => new Uint8Array(new BigUint64Array(pairs.flat()).buffer);
  assertEquals(pageSizeIn(auxv([3n, 64n], [6n, 16384n], [0n, 0n])), 16384);
  assertEquals(pageSizeIn(auxv([3n, 64n], [0n, 0n])), 65536);
});

Deno.test("what a process writes is counted, and one that is not there has written nothing that is known", async () => {
  const before = writtenMb(Deno.pid) ?? NaN;
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, new Uint8Array(2 << 20));
  const after = writtenMb(Deno.pid) ?? NaN;
  await Deno.remove(path);
  assert(after - before >= 2, `${before} to ${after} MiB`);
  assertEquals([writtenMb(2 ** 22 + 1), residentMemory()(2 ** 22 + 1)], [undefined, undefined]);
});
