/** Times of the week at which something may be changed, such as `Sat 02:00-04:00 Europe/Berlin`. Pure. */
import { ConfigError } from "./config/config_error.ts";
import { clocksOf, instantOf, localDay, weekdayOf } from "./local_time.ts";

/** Several spans; it is open while one of them is. */
export type ChangeWindow = readonly Span[];

interface Span {
  /** Days on which it opens, 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight. */
  readonly from: number;
  /** Minutes after the midnight before it opens; above 1,440 if it closes on the next day. */
  readonly to: number;
  /** IANA name. */
  readonly zone: string;
}

export type WindowState =
  | { readonly isOpen: true; readonly untilMs: number }
  /** @param opensMs milliseconds since the epoch */
  | { readonly isOpen: false; readonly opensMs: number };

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const DAY_MINUTES = 1440;
const MAX_CHARS = 200;
const MAX_SPANS = 14;
/** A span may be skipped once, when the clock is put forward. */
const AHEAD_DAYS = 15;
const FORM = /^(?:([A-Za-z,-]+) +)?(\d\d):(\d\d) *[-–] *(\d\d):(\d\d) +(\S+)$/;
const EXAMPLE = "such as 'Sat 02:00-04:00 Europe/Berlin' or 'Mon-Fri 22:00-05:00 UTC; Sun 00:00-24:00 UTC'";

/**
 * Without days, a span is one of every day; several are separated by semicolons.
 * @throws ConfigError
 */
export function parseWindow(text: string): ChangeWindow {
  const parts = text.split(";");
  if (text.length > MAX_CHARS || parts.length > MAX_SPANS) {
    throw new ConfigError(`A window has up to ${MAX_SPANS} spans and ${MAX_CHARS} characters`);
  }
  return parts.map((part) => parseSpan(part.trim(), text));
}

/** Why `text` is not a window; `undefined` if it is one. */
export function windowError(text: string): string | undefined {
  try {
    parseWindow(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function parseSpan(part: string, text: string): Span {
  const fail = (why: string) => new ConfigError(`A window is ${EXAMPLE}: ${why} in '${text}'`);
  const [, days, fromHours, fromMinutes, toHours, toMinutes, zone = ""] = FORM.exec(part) ?? [];
  if (fromHours === undefined) throw fail(`'${part}' is not one`);
  const from = minutesOf(fromHours, fromMinutes);
  const to = minutesOf(toHours, toMinutes);
  if (from === undefined || from === DAY_MINUTES || to === undefined) {
    throw fail("times are 00:00 to 23:59, or 24:00 for the end of a day");
  }
  if (from === to) throw fail("it opens and closes at the same time");
  if (!isZone(zone)) throw fail(`'${zone}' is not a time zone`);
  const listed = days === undefined ? EVERY_DAY : daysOf(days);
  if (listed === undefined) throw fail(`'${days}' are not days: Mon, Tue, Wed, Thu, Fri, Sat, Sun, Mon-Fri`);
  return { days: listed, from, to: to > from ? to : to + DAY_MINUTES, zone };
}

function minutesOf(hours: string | undefined, minutes: string | undefined): number | undefined {
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && total <= DAY_MINUTES ? total : undefined;
}

function daysOf(text: string): readonly number[] | undefined {
  const days = text.toLowerCase().split(",").flatMap((part) => {
    const [first = "", last = first, ...more] = part.split("-");
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < 0 || more.length > 0) return [undefined];
    return Array.from({ length: (to - from + 7) % 7 + 1 }, (_, index) => (from + index) % 7);
  });
  return days.some((day) => day === undefined) ? undefined : [...new Set(days as number[])];
}

function isZone(zone: string): boolean {
  try {
    // Offsets such as +01:00 know no daylight saving time, and are a common mistake.
    return /^[A-Z]/i.test(zone) && new Intl.DateTimeFormat("en", { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** Whether a window is open. On a day on which the clock skips a whole span, that span does not open. */
export function windowAt(window: ChangeWindow, nowMs: number): WindowState {
  const spans = window.flatMap((span) => occurrences(span, nowMs));
  const open = spans.filter(({ from, to }) => from <= nowMs && nowMs < to);
  if (open.length > 0) return { isOpen: true, untilMs: Math.max(...open.map(({ to }) => to)) };
  const next = spans.filter(({ from }) => from > nowMs).map(({ from }) => from);
  return { isOpen: false, opensMs: Math.min(...next) };
}

/** Whether all of several windows are open; else the time at which to look again. No window is always open. */
export function windowsAt(windows: readonly ChangeWindow[], nowMs: number): WindowState {
  const states = windows.map((window) => windowAt(window, nowMs));
  const closed = states.flatMap((state) => state.isOpen ? [] : [state.opensMs]);
  if (closed.length > 0) return { isOpen: false, opensMs: Math.max(...closed) };
  return {
    isOpen: true,
    untilMs: Math.min(...states.flatMap((state) => state.isOpen ? [state.untilMs] : [])),
  };
}

/** Around now, from the one that began yesterday. */
function occurrences({ days, from, to, zone }: Span, nowMs: number) {
  const clocks = clocksOf(zone);
  const today = localDay(clocks, nowMs);
  return Array.from({ length: AHEAD_DAYS + 1 }, (_, index) => today + index - 1)
    .filter((day) => days.includes(weekdayOf(day)))
    .map((day) => ({ from: instantOf(clocks, day, from), to: instantOf(clocks, day, to) }))
    .filter(({ from, to }) => from < to);
}
