import { assertEquals } from "@std/assert";
import { AUDIT_RATE, RefusalMeter } from "../../../../runner/audit/refusal_meter.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

Deno.test("a hundred refusals are written one by one, of a flood one in ten seconds, with the count of the others", async () => {
  const clock = new FakeClock();
  const meter = new RefusalMeter(clock, AUDIT_RATE);
  for (let n = 0; n < 100; n++) assertEquals(meter.count(), {});
  for (let n = 0; n < 50; n++) assertEquals(meter.count(), undefined);
  await clock.advance(9_999);
  assertEquals(meter.count(), undefined);
  await clock.advance(1);
  assertEquals([meter.count(), meter.count()], [{ passed_over: 51 }, undefined]);
  await clock.advance(3_600_000);
  assertEquals(meter.count(), { passed_over: 1 });
  for (let n = 0; n < 99; n++) assertEquals(meter.count(), {});
  assertEquals(meter.count(), undefined);
});
