/** The schedule of chaos comes from its seed, and leaves nothing out. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { endsBroker, type Fault, scheduleOf, STEPS, VICTIMS } from "../../chaos/faults.ts";

const ANY = () => true;

Deno.test("a seed gives the same faults each time, another seed others; fewer faults are the first of more", () => {
  assertEquals(scheduleOf(7, 100, ANY), scheduleOf(7, 100, ANY));
  assertEquals(scheduleOf(7, 100, ANY).slice(0, 10), scheduleOf(7, 10, ANY));
  assertNotEquals(scheduleOf(7, 100, ANY), scheduleOf(8, 100, ANY));
});

Deno.test("a long run hits every victim at every step of a migration, and has every other kind of fault", () => {
  const faults = scheduleOf(1, 200, ANY);
  const hits = faults.flatMap((fault) => fault.kind === "migration" ? [`${fault.step} ${fault.victim}`] : []);
  assertEquals(new Set(hits).size, STEPS.length * VICTIMS.length);
  assertEquals(new Set(faults.map(({ kind }) => kind)).size, 12);
});

Deno.test("a broker that would lose what it has accepted is never ended, and all other faults stay", () => {
  const spared = scheduleOf(1, 200, (fault) => !endsBroker(fault));
  const kinds = (faults: readonly Fault[]) => new Set(faults.map(({ kind }) => kind));
  const gone = kinds(scheduleOf(1, 200, ANY)).difference(kinds(spared));
  assertEquals(gone, new Set(["broker killed", "broker killed again and again", "power cut"]));
  const victims = spared.flatMap((fault) =>
    fault.kind === "migration" ? [fault.victim, fault.also?.victim] : []
  );
  assertEquals(new Set(victims).has("broker"), false);
});
