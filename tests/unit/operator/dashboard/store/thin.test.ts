import { assert, assertEquals } from "@std/assert";
import { Head } from "../../../../../operator/dashboard/server/memory/head.ts";
import { packSamples, unpackSamples } from "../../../../../operator/dashboard/server/memory/journal.ts";
import {
  packRaw,
  packSlots,
  unpackRaw,
  unpackSlots,
} from "../../../../../operator/dashboard/server/memory/pack.ts";
import {
  agesOf,
  DAY,
  HOUR,
  joined,
  merged,
  MINUTE,
  nextScale,
  resolutionOf,
  slotsOf,
  summed,
} from "../../../../../operator/dashboard/server/memory/thin.ts";

const START = 1_790_002_800 - 1_790_002_800 % HOUR;

Deno.test("numbers come out of bytes as they went in, to a tenth of a second and seven digits", () => {
  const raw = { time: [START, START + 0.5, START + 3599.9], value: [20.5, -3, 0.25] };
  assertEquals(unpackRaw(packRaw(raw, START), START), raw);
  const samples = [{ series: 7, time: START + 1.5, value: 2.5 }, {
    series: 70_000,
    time: START + 2,
    value: -1,
  }];
  assertEquals(unpackSamples(packSamples(samples, START), START), samples);
  const slots = [{ at: 0, count: 1, min: 1, average: 1, max: 1 }, {
    at: 59,
    count: 60,
    min: -1,
    average: 0.5,
    max: 2,
  }];
  assertEquals(unpackSlots(packSlots(slots)), slots);
  assertEquals([unpackSlots(packSlots([])), unpackRaw(packRaw({ time: [], value: [] }, START), START)], [[], {
    time: [],
    value: [],
  }]);
});

Deno.test("a minute keeps the least, the greatest, the average and the count of its numbers", () => {
  const raw = { time: [START, START + 59.9, START + 60, START + 3599], value: [1, 3, 10, NaN] };
  assertEquals(slotsOf(raw, START, MINUTE), [
    { at: 0, count: 2, min: 1, average: 2, max: 3 },
    { at: 1, count: 1, min: 10, average: 10, max: 10 },
  ]);
});

Deno.test("thinning twice is as good as thinning once: an hour of minutes is the hour of the numbers", () => {
  const raw = {
    time: Array.from({ length: 720 }, (_, index) => START + index * 5),
    value: Array.from({ length: 720 }, (_, index) => (index * 7919) % 1000),
  };
  const [direct] = slotsOf(raw, START, HOUR);
  const byMinutes = summed(slotsOf(raw, START, MINUTE), 0);
  assert(direct !== undefined && byMinutes !== undefined);
  assertEquals({ ...byMinutes, average: Math.round(byMinutes.average * 1e6) }, {
    ...direct,
    average: Math.round(direct.average * 1e6),
  });
  assertEquals(summed([], 0), undefined);
  assertEquals(joined(direct, direct), { ...direct, count: 1440 });
});

Deno.test("an hour that is thinned again, after a crash, replaces itself", () => {
  const slot = (at: number, max: number) => ({ at, count: 1, min: 0, average: 0, max });
  assertEquals(merged([slot(1, 1), slot(3, 3)], [slot(2, 2), slot(3, 4)]), [
    slot(1, 1),
    slot(2, 2),
    slot(3, 4),
  ]);
});

Deno.test("the head gives away hours that have ended, and takes no numbers of the past", () => {
  const head = new Head();
  assert(head.add(1, START + 10, 1));
  assert(head.add(1, START + 20, 2));
  assert(!head.add(1, START + 15, 9), "the clock was set back");
  assertEquals(head.takeEnded(START + HOUR - 1), []);
  assert(head.add(1, START + HOUR, 3));
  assert(!head.add(1, START + 30, 9));
  assertEquals(head.of(1), { time: [START + 10, START + 20, START + HOUR], value: [1, 2, 3] });
  assertEquals(head.takeEnded(START + HOUR + 60), [
    { series: 1, start: START, raw: { time: [START + 10, START + 20], value: [1, 2] } },
  ]);
  assertEquals(head.of(1).value, [3]);
  for (let second = 0; second < 2 * HOUR; second += 0.25) head.add(2, START + second / 4, 0);
  assertEquals(head.of(2).value.length, 3600, "a flood is bounded");
});

Deno.test("raw numbers are kept for a day, minutes for a month, hours for two years; less if told so, or if too large", () => {
  assertEquals(agesOf(731, 1), { raw: DAY, minutes: 31 * DAY, hours: 731 * DAY, entries: 731 * DAY });
  assertEquals(agesOf(7, 1), { raw: DAY, minutes: 7 * DAY, hours: 7 * DAY, entries: 7 * DAY });
  assertEquals(agesOf(10, 0.5).minutes, 5 * DAY);
  assert(nextScale(1, 101, 100) < 1);
  assertEquals(nextScale(0.5, 90, 100), 0.5);
  assert(nextScale(0.5, 10, 100) > 0.5);
  assertEquals(nextScale(1, 10, 100), 1);
});

Deno.test("a chart gets the finest numbers that are still kept, and no more points than it can show", () => {
  const now = START + 10 * HOUR;
  const chosen = (seconds: number, ago = 0) =>
    resolutionOf({ from: now - ago - seconds, to: now - ago }, now, agesOf(731, 1));
  assertEquals(chosen(HOUR), { level: 0, seconds: 0 });
  assertEquals(chosen(HOUR, 2 * DAY), { level: 1, seconds: MINUTE }, "the raw ones are gone");
  assertEquals(chosen(DAY), { level: 1, seconds: MINUTE });
  assertEquals(chosen(7 * DAY), { level: 1, seconds: 7 * MINUTE });
  assertEquals(chosen(30 * DAY), { level: 2, seconds: HOUR });
  assertEquals(chosen(365 * DAY), { level: 2, seconds: 6 * HOUR });
  assertEquals(chosen(HOUR, 40 * DAY), { level: 2, seconds: HOUR });
});
