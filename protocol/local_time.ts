/** Local times in time zones. Days are counted from 1 January 1970 by the calendar of the zone. Pure. */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What the clocks of a zone show at a time in milliseconds since the epoch, as if it were UTC. */
export type Clocks = (ms: number) => number;

/** 0 is Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** The day in a zone. */
export function localDay(clocks: Clocks, ms: number): number {
  return Math.floor(clocks(ms) / DAY_MS);
}

/**
 * When the clocks of a zone first show a time, or a later one if they skip it.
 * @param minutes after the midnight at which `day` begins; may be above 1,440
 * @returns milliseconds since the epoch
 */
export function instantOf(clocks: Clocks, day: number, minutes: number): number {
  const wanted = day * DAY_MS + minutes * MINUTE_MS;
  // Offsets are at most 14 hours, and the clocks are put back by far less than a day.
  let [early, late] = [wanted - DAY_MS, wanted + DAY_MS];
  const offsets = [early, late].map((ms) => clocks(ms) - ms);
  const exact = offsets.map((offset) => wanted - offset).filter((ms) => clocks(ms) === wanted);
  if (exact.length > 0) return Math.min(...exact);
  // The clocks skip this time: the instant at which they do.
  while (late - early > MINUTE_MS) {
    const middle = Math.floor((early + late) / 2 / MINUTE_MS) * MINUTE_MS;
    if (clocks(middle) >= wanted) late = middle;
    else early = middle;
  }
  return late;
}

/** @returns a function that says what the clocks of a zone show, as if it were UTC */
export function clocksOf(zone: string): Clocks {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (ms) => {
    const parts = Object.fromEntries(
      format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((ms % 1000) + 1000) % 1000);
  };
}
