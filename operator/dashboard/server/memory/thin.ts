/** What becomes of numbers as they age: minutes, then hours; and which of these a chart of some length needs. Pure. */
import type { Raw, Slot } from "./pack.ts";

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** How finely numbers are kept. */
export const RAW_LEVEL = 0;
export const MINUTE_LEVEL = 1;
export const HOUR_LEVEL = 2;

/** Seconds of one slot, and of the chunk that has it. */
export const SLOTS = {
  [MINUTE_LEVEL]: { seconds: MINUTE, chunk: HOUR },
  [HOUR_LEVEL]: { seconds: HOUR, chunk: DAY },
} as const;
export type SlotLevel = keyof typeof SLOTS;

/** Values summed up. @param start of the chunk @param seconds of a slot */
export function slotsOf({ time, value }: Raw, start: number, seconds: number): Slot[] {
  const slots = new Map<number, Slot>();
  time.forEach((at, index) => {
    const number = value[index];
    if (number === undefined || !Number.isFinite(number)) return;
    const slot = Math.floor((at - start) / seconds);
    const single = { at: slot, count: 1, min: number, average: number, max: number };
    const known = slots.get(slot);
    slots.set(slot, known === undefined ? single : joined(known, single));
  });
  return [...slots.values()];
}

/** The sum of two slots, at the place of the first. */
export function joined(a: Slot, b: Slot): Slot {
  const count = a.count + b.count;
  return {
    at: a.at,
    count,
    min: Math.min(a.min, b.min),
    average: (a.average * a.count + b.average * b.count) / count,
    max: Math.max(a.max, b.max),
  };
}

/** Everything in one slot. @returns `undefined` when there is nothing */
export function summed(slots: readonly Slot[], at: number): Slot | undefined {
  const [first, ...others] = slots;
  return first === undefined ? undefined : others.reduce(joined, { ...first, at });
}

/** Replaces the slots of `older` that `newer` has, too. */
export function merged(older: readonly Slot[], newer: readonly Slot[]): Slot[] {
  const places = new Map([...older, ...newer].map((slot) => [slot.at, slot]));
  return [...places.values()].sort((a, b) => a.at - b.at);
}

/** How long numbers are kept at each level, seconds. */
export interface Ages {
  readonly raw: number;
  readonly minutes: number;
  readonly hours: number;
  /** Events, alerts, errors and actions. */
  readonly entries: number;
}

const AGES: Ages = { raw: DAY, minutes: 31 * DAY, hours: 731 * DAY, entries: 731 * DAY };

/**
 * @param days the longest that anything is kept
 * @param scale 1, or less when the database is too large
 */
export function agesOf(days: number, scale: number): Ages {
  const age = (seconds: number) => Math.min(seconds, days * DAY) * scale;
  return {
    raw: age(AGES.raw),
    minutes: age(AGES.minutes),
    hours: age(AGES.hours),
    entries: age(AGES.entries),
  };
}

const SHRINK = 0.9;
const GROW = 1.02;
/** Below this part of the limit, ages grow again. */
const ROOMY = 0.8;

/** Everything is forgotten sooner while the database is too large, and later again when there is room. */
export function nextScale(scale: number, bytes: number, maxBytes: number): number {
  if (bytes > maxBytes) return scale * SHRINK;
  return bytes < maxBytes * ROOMY ? Math.min(1, scale * GROW) : scale;
}

/** A range of time to draw. Epoch seconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** More points than a chart has pixels are of no use. */
const MAX_POINTS = 1500;

/** The level to read, and how many seconds each point sums up: the finest that is not too much, and still kept. */
export function resolutionOf({ from, to }: Span, now: number, ages: Ages): {
  readonly level: 0 | SlotLevel;
  readonly seconds: number;
} {
  const points = (seconds: number) => (to - from) / seconds;
  const isRaw = points(10) <= MAX_POINTS && now - from <= ages.raw;
  if (isRaw) return { level: RAW_LEVEL, seconds: 0 };
  const level = now - from <= ages.minutes && points(MINUTE) <= MAX_POINTS * 8 ? MINUTE_LEVEL : HOUR_LEVEL;
  const slot = SLOTS[level].seconds;
  return { level, seconds: slot * Math.max(1, Math.ceil(points(slot) / MAX_POINTS)) };
}
