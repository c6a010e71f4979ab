/** The schedule of chaos comes from its seed, and leaves nothing out. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { scheduleOf, STEPS, VICTIMS } from "../../chaos/faults.ts";

Deno.test("a seed gives the same faults each time, another seed others; fewer faults are the first of more", () => {
  assertEquals(scheduleOf(7, 100), scheduleOf(7, 100));
  assertEquals(scheduleOf(7, 100).slice(0, 10), scheduleOf(7, 10));
  assertNotEquals(scheduleOf(7, 100), scheduleOf(8, 100));
});

Deno.test("a long run hits every victim at every step of a migration, and has every other kind of fault", () => {
  const faults = scheduleOf(1, 220);
  const hits = faults.flatMap((fault) => fault.kind === "migration" ? [`${fault.step} ${fault.victim}`] : []);
  assertEquals(new Set(hits).size, STEPS.length * VICTIMS.length);
  assertEquals(new Set(faults.map(({ kind }) => kind)).size, 16);
});
