/** When a window is open: days, midnight, time zones, and the days on which clocks are changed. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseWindow, windowAt, windowError, windowsAt } from "../../../protocol/window.ts";

/** `open until …` or `opens …`, in UTC. */
function at(text: string, now: string): string {
  const state = windowAt(parseWindow(text), Date.parse(now));
  const words = (ms: number) => new Date(ms).toISOString().slice(0, 16);
  return state.isOpen ? `open until ${words(state.untilMs)}` : `opens ${words(state.opensMs)}`;
}

const SATURDAY = "Sat 02:00-04:00 Europe/Berlin";

Deno.test("a window is open on its days, in its time zone", () => {
  // 28 November 2026 is a Saturday; Berlin is an hour ahead of UTC.
  assertEquals(at(SATURDAY, "2026-11-27T12:00Z"), "opens 2026-11-28T01:00");
  assertEquals(at(SATURDAY, "2026-11-28T00:59Z"), "opens 2026-11-28T01:00");
  assertEquals(at(SATURDAY, "2026-11-28T01:00Z"), "open until 2026-11-28T03:00");
  assertEquals(at(SATURDAY, "2026-11-28T03:00Z"), "opens 2026-12-05T01:00");
  assertEquals(at("Sat 02:00–04:00 Europe/Berlin", "2026-11-28T01:00Z"), "open until 2026-11-28T03:00");
  assertEquals(at("sat,mon-tue 00:00-24:00 UTC", "2026-11-29T10:00Z"), "opens 2026-11-30T00:00");
  assertEquals(at("06:00-06:30 Asia/Kolkata", "2026-11-28T00:31Z"), "open until 2026-11-28T01:00");
  // There it is a day earlier, or later.
  assertEquals(at("Fri 20:00-21:00 America/Los_Angeles", "2026-11-28T04:10Z"), "open until 2026-11-28T05:00");
  assertEquals(at("Sun 01:00-02:00 Pacific/Kiritimati", "2026-11-28T11:10Z"), "open until 2026-11-28T12:00");
});

Deno.test("a window that goes over midnight belongs to the day on which it opens", () => {
  const night = "Fri 22:00-02:00 UTC";
  assertEquals(at(night, "2026-11-28T01:00Z"), "open until 2026-11-28T02:00");
  assertEquals(at(night, "2026-11-28T22:30Z"), "opens 2026-12-04T22:00");
  assertEquals(at("Fri-Mon 23:00-01:00 UTC", "2026-11-30T00:30Z"), "open until 2026-11-30T01:00");
});

Deno.test("when clocks are put forward, a skipped span does not open, and others are shorter", () => {
  // Berlin, 29 March 2026: 02:00 is followed by 03:00.
  assertEquals(at("Sun 02:00-03:00 Europe/Berlin", "2026-03-28T12:00Z"), "opens 2026-04-05T00:00");
  assertEquals(at("Sun 02:30-04:00 Europe/Berlin", "2026-03-28T12:00Z"), "opens 2026-03-29T01:00");
  assertEquals(at("Sun 01:00-04:00 Europe/Berlin", "2026-03-29T00:30Z"), "open until 2026-03-29T02:00");
});

Deno.test("when clocks are put back, a span that contains the change is longer", () => {
  // Berlin, 25 October 2026: 03:00 is followed by 02:00.
  assertEquals(at("Sun 02:00-04:00 Europe/Berlin", "2026-10-25T00:00Z"), "open until 2026-10-25T03:00");
  assertEquals(at("Sun 02:30-02:45 Europe/Berlin", "2026-10-25T00:40Z"), "open until 2026-10-25T00:45");
  assertEquals(at("Sun 02:30-02:45 Europe/Berlin", "2026-10-25T01:40Z"), "opens 2026-11-01T01:30");
});

Deno.test("one of several spans is enough; of several windows all must be open", () => {
  const spans = "Mon 00:00-01:00 UTC; Sat 01:00-03:00 UTC";
  assertEquals(at(spans, "2026-11-28T02:00Z"), "open until 2026-11-28T03:00");
  assertEquals(at(spans, "2026-11-28T04:00Z"), "opens 2026-11-30T00:00");
  const both = [parseWindow("Sat 01:00-03:00 UTC"), parseWindow("02:00-04:00 UTC")];
  const now = (time: string) => Date.parse(`2026-11-28T${time}Z`);
  assertEquals(windowsAt(both, now("02:30")), { isOpen: true, untilMs: now("03:00") });
  assertEquals(windowsAt(both, now("01:30")), { isOpen: false, opensMs: now("02:00") });
  assertEquals(windowsAt([], now("01:30")).isOpen, true);
});

Deno.test("what is not a window is an error that says why", () => {
  const errors = {
    "": "is not one",
    "Sat": "'Sat' is not one",
    "Sat 02:00-04:00": "is not one",
    "Sat 2:00-4:00 UTC": "is not one",
    "Sat 02:00-04:00 Europe/Berlim": "'Europe/Berlim' is not a time zone",
    "Sat 02:00-04:00 +01:00": "'+01:00' is not a time zone",
    "Sab 02:00-04:00 UTC": "'Sab' are not days",
    "Sat-Sun-Mon 02:00-04:00 UTC": "are not days",
    "Sat 02:00-02:00 UTC": "at the same time",
    "Sat 02:60-04:00 UTC": "times are 00:00 to 23:59",
    "Sat 24:00-04:00 UTC": "times are 00:00 to 23:59",
    "Sat 02:00-04:00 UTC;": "'' is not one",
  };
  for (const [text, words] of Object.entries(errors)) assertThrows(() => parseWindow(text), Error, words);
  assertThrows(() => parseWindow("x".repeat(201)), Error, "up to 14 spans");
  assertEquals([windowError(SATURDAY), typeof windowError("Sat")], [undefined, "string"]);
});
