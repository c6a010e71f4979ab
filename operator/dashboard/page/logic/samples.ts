/** Prepares time series for charts. Pure. */

export interface Samples {
  /** Epoch seconds, rising. */
  readonly time: readonly number[];
  readonly values: readonly (number | null)[];
}

/** A pause this many times longer than usual is a gap: the source was silent or offline. */
const GAP_FACTOR = 3;
/** Shorter pauses never count as a gap, seconds. */
const MIN_GAP_SECONDS = 5;

/** Inserts a null into each gap, so that the chart draws no line across it. */
export function withGaps(time: readonly number[], values: readonly (number | null)[]): Samples {
  const limit = Math.max(MIN_GAP_SECONDS, GAP_FACTOR * usualStep(time));
  const wide: Samples & { readonly time: number[]; readonly values: (number | null)[] } = {
    time: [],
    values: [],
  };
  time.forEach((at, index) => {
    const before = time[index - 1];
    if (before !== undefined && at - before > limit) {
      wide.time.push((before + at) / 2);
      wide.values.push(null);
    }
    wide.time.push(at);
    wide.values.push(values[index] ?? null);
  });
  return wide;
}

/** The median step. */
function usualStep(time: readonly number[]): number {
  const steps = time.slice(1).map((at, index) => at - (time[index] ?? at)).sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** The sample at an index. */
export function pointedAt(
  { time, values }: Samples,
  index: number,
): { readonly time: number; readonly value: number | null } | undefined {
  const at = time[index];
  return at === undefined ? undefined : { time: at, value: values[index] ?? null };
}

/** Guesses units from field names, because agents often publish numbers without units. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/(^|[._])(temp(erature)?(_c|_celsius)?|celsius)$/i, "°C"],
  [/(^|[._])(temp(erature)?_f|fahrenheit)$/i, "°F"],
  [/(^|[._])(humidity|percent|pct|battery(_level)?)$/i, "%"],
  [/(^|[._])(watts?|power(_w)?)$/i, "W"],
  [/(^|[._])(kwh|energy_kwh)$/i, "kWh"],
  [/(^|[._])(volts?|voltage)$/i, "V"],
  [/(^|[._])(amps?|amperes?|current_a)$/i, "A"],
  [/(^|[._])(hpa|pressure_hpa)$/i, "hPa"],
  [/(^|[._])(lux|illuminance)$/i, "lx"],
  [/(^|[._])ppm$|(^|[._])co2(_ppm)?$/i, "ppm"],
  [/(_ms|(^|[._])(millis|milliseconds))$/i, "ms"],
  [/(_s|(^|[._])seconds)$/i, "s"],
  [/(_mb|(^|[._])megabytes)$/i, "MB"],
];

/**
 * The unit of a reading: from its payload, else guessed from the field's name.
 * @param said the `unit` in the payload
 */
export function unitOf(field: string, said: string | null): string {
  if (said !== null) return said;
  return UNITS.find(([name]) => name.test(field))?.[1] ?? "";
}

/** `21.53 °C`. */
export function reading(value: number, unit: string): string {
  const number = String(Number(value.toPrecision(5)));
  return unit === "" ? number : unit === "%" ? `${number}%` : `${number} ${unit}`;
}

/** The time ranges to choose from, by their name in the URL; seconds. */
export const RANGES = {
  "5m": 300,
  "15m": 900,
  "1h": 3600,
  "1d": 86_400,
  "7d": 7 * 86_400,
  "30d": 30 * 86_400,
  "1y": 365 * 86_400,
} as const;
export type RangeName = keyof typeof RANGES;

/** What the server holds in memory and sends as it comes; anything longer or older is read from what it has kept. */
const LIVE_SECONDS = RANGES["1h"];
/** A chart advances in steps of this part of its range, to ask and redraw less often. */
const STEPS = 300;
const MIN_STEP_SECONDS = 5;

/** The end of a range that moves with the time. @param seconds the length of the range */
export function movingEnd(now: number, seconds: number): number {
  const step = Math.max(MIN_STEP_SECONDS, seconds <= LIVE_SECONDS ? 0 : seconds / STEPS);
  return Math.ceil(now / step) * step;
}

/** Whether a range must be asked for: it begins before what the server has in memory. */
export function isPast(from: number, now: number): boolean {
  return from < now - LIVE_SECONDS - MIN_STEP_SECONDS;
}
