/** Which files of `/sys` hold a reading, and how their text becomes a number in our unit. Pure. */
import { channelKind, type SensorKind } from "../../protocol/devices/sensors.ts";

/** A file with a reading: its channel, and the factor to multiply its number by. */
export interface Channel {
  /** Such as `temp1`. */
  readonly name: string;
  readonly kind: SensorKind;
  readonly factor: number;
  /** The number is the converter's raw value: the reading is `(raw + offset) * scale`. */
  readonly isRaw: boolean;
}

/** Factors from the kernel's units (Documentation/hwmon/sysfs-interface.rst) to ours. */
const HWMON_FACTORS: Readonly<Partial<Record<SensorKind, number>>> = {
  temperature: 1e-3,
  humidity: 1e-3,
  voltage: 1e-3,
  current: 1e-3,
  power: 1e-6,
  energy: 1e-6,
  speed: 1,
};

/** The same for industrial I/O (Documentation/ABI/testing/sysfs-bus-iio), where pressure is in kilopascal. */
const IIO_FACTORS: Readonly<Partial<Record<SensorKind, number>>> = {
  temperature: 1e-3,
  humidity: 1e-3,
  pressure: 10,
  light: 1,
  voltage: 1e-3,
  current: 1e-3,
  power: 1e-3,
  energy: 1,
};

/** `temp1_input` of a hwmon device; `undefined` for another file. */
export function hwmonChannel(file: string): Channel | undefined {
  const [, name = ""] = /^([a-z]+\d+)_input$/.exec(file) ?? [];
  return channelOf(name, channelKind("hwmon", name), HWMON_FACTORS, false);
}

/** `in_temp_input` or `in_temp_raw` of an IIO device; `undefined` for another file. */
export function iioChannel(file: string): Channel | undefined {
  const [, name = "", form] = /^in_([a-z]+\d*)_(input|raw)$/.exec(file) ?? [];
  return channelOf(name, channelKind("iio", name), IIO_FACTORS, form === "raw");
}

function channelOf(
  name: string,
  kind: SensorKind | undefined,
  factors: typeof HWMON_FACTORS,
  isRaw: boolean,
): Channel | undefined {
  const factor = kind === undefined ? undefined : factors[kind];
  return kind === undefined || factor === undefined ? undefined : { name, kind, factor, isRaw };
}

/** @throws Error when the text is not a number */
export function readNumber(text: string): number {
  const trimmed = text.trim();
  const value = Number(trimmed);
  if (trimmed === "" || !Number.isFinite(value)) {
    throw new Error(
      trimmed === "" ? "the reading is empty" : `the reading is no number: '${trimmed.slice(0, 40)}'`,
    );
  }
  return value;
}

/**
 * Thousandths of a degree from `w1_slave`: two lines, the first with the verdict about the checksum, the second with
 * the reading.
 * @throws Error when the checksum is wrong
 */
export function readWire(text: string): number {
  const [verdict = "", reading = ""] = text.split("\n");
  if (!verdict.trim().endsWith("YES")) throw new Error("the checksum of the reading is wrong");
  return readNumber(/ t=(-?\d+)$/.exec(reading.trim())?.[1] ?? "");
}

/** Removes the rounding error of the multiplication. */
export function rounded(value: number): number {
  return Number(value.toPrecision(9));
}
