import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { MemoryTrim } from "../../../runner/memory_trim.ts";
import { FakeClock, settled } from "../../support/fake_clock.ts";

/** A process whose memory the test sets, and whose collector brings it back to `inUseMb`. */
async function watching(
  law: (memory: { usedMb: number; inUseMb: number; collections: number }, clock: FakeClock) => Promise<void>,
) {
  const clock = new FakeClock();
  const memory = { usedMb: 80, inUseMb: 80, collections: 0 };
  const collect = () => {
    memory.collections++;
    memory.usedMb = memory.inUseMb;
    return Promise.resolve();
  };
  const life = new AbortController();
  const running = new MemoryTrim({ clock, measureMb: () => memory.usedMb, collect }).run(life.signal);
  await settled();
  await law(memory, clock);
  life.abort();
  await running;
}

const LOOK_MS = 10_000;

Deno.test("memory is given back once it has grown", () =>
  watching(async (memory, clock) => {
    memory.usedMb = 96;
    await clock.advance(LOOK_MS);
    assertEquals(memory.collections, 0);
    memory.usedMb = 200;
    await clock.advance(LOOK_MS);
    assertEquals([memory.collections, memory.usedMb], [1, 80]);
    await clock.advance(LOOK_MS);
    assertEquals(memory.collections, 1);
  }));

Deno.test("memory that is in use is collected less and less often, until it grows again", () =>
  watching(async (memory, clock) => {
    memory.usedMb = memory.inUseMb = 200;
    for (let look = 0; look < 1000; look++) await clock.advance(LOOK_MS);
    const { collections } = memory;
    assert(collections < 180, `${collections} collections`);
    memory.usedMb = 300;
    await clock.advance(LOOK_MS);
    assertEquals(memory.collections, collections + 1);
  }));

Deno.test("what was in use and is not any more is given back in the end", () =>
  watching(async (memory, clock) => {
    memory.usedMb = memory.inUseMb = 200;
    await clock.advance(LOOK_MS);
    memory.inUseMb = 80;
    for (let look = 0; look < 3; look++) await clock.advance(LOOK_MS);
    assertEquals(memory.usedMb, 80);
  }));

Deno.test("the collector makes V8 let go of what nobody holds", async () => {
  // In a process of its own: the memory of this one is that of other tests, too.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(new URL("../../support/collecting.ts", import.meta.url))],
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { before, held, after } = JSON.parse(new TextDecoder().decode(stdout));
  assert(held > before + 40, `${before} → ${held} MiB`);
  assert(after <= before + 20, `${held} → ${after} MiB`);
});
