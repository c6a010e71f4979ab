/** SPI devices as agents name them, and how one is set up. Pure. */

/** A device behind a chip select. */
export interface SpiDevice {
  /** `BUS.SELECT`, as in `/dev/spidev0.0`. */
  readonly device: string;
}

export interface SpiOptions {
  /** Clock polarity and phase: 0 to 3. */
  readonly mode: number;
  /** Bits per second, at most; the controller takes the nearest speed below. */
  readonly speed_hz: number;
  /** Bits of a word: 8, 16 or 32. */
  readonly bits: number;
}

/** Writes `data`, base64, and reads as many bytes at the same time. */
export type SpiAction = { readonly do: "exchange"; readonly data: string };

/** The size of spidev's buffer, unless it was loaded with another. */
export const MAX_EXCHANGE_BYTES = 4096;

const DEFAULTS: SpiOptions = { mode: 0, speed_hz: 500_000, bits: 8 };
const MAX_SPEED_HZ = 125_000_000;
const ENTRY = /^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/;
const RULE = /^(?:\*|(?:0|[1-9]\d{0,2})\.(?:\*|0|[1-9]\d{0,2}))$/;

/** Fills in defaults. @throws TypeError for a wrong option */
export function readSpiOptions(given: unknown): SpiOptions {
  if (given !== undefined && (given === null || typeof given !== "object")) {
    throw new TypeError("the options must be an object");
  }
  const unknown = Object.keys(given ?? {}).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) {
    throw new TypeError(`'${unknown}' is no option: known are ${Object.keys(DEFAULTS).join(", ")}`);
  }
  const options: SpiOptions = { ...DEFAULTS, ...given };
  const { mode, speed_hz, bits } = options;
  if (![0, 1, 2, 3].includes(mode)) throw new TypeError(`mode must be 0, 1, 2 or 3, got ${String(mode)}`);
  if (!Number.isInteger(speed_hz) || speed_hz < 1 || speed_hz > MAX_SPEED_HZ) {
    throw new TypeError(`speed_hz must be a whole number from 1 to ${MAX_SPEED_HZ}, got ${String(speed_hz)}`);
  }
  if (![8, 16, 32].includes(bits)) throw new TypeError(`bits must be 8, 16 or 32, got ${String(bits)}`);
  return options;
}

/** Why no agent can ask for this; `undefined` if it can. */
export function spiProblem(entry: string): string | undefined {
  return ENTRY.test(entry) ? undefined : "must be BUS.SELECT, such as 0.0 for /dev/spidev0.0";
}

export function spiRuleProblem(rule: string): string | undefined {
  return RULE.test(rule) ? undefined : "must be BUS.SELECT, such as 0.0, or 0.* or *";
}

export function spiCovers(rule: string, entry: string): boolean {
  if (!ENTRY.test(entry) || !RULE.test(rule)) return false;
  const [bus, select] = rule.split(".");
  return rule === "*" || rule === entry || (select === "*" && entry.split(".")[0] === bus);
}

/** The error for an unknown device: lists those that the node has. */
export function noSuchSpi(devices: readonly SpiDevice[]): string {
  if (devices.length === 0) return "there is no SPI device (is SPI switched on, as /dev/spidev0.0?)";
  return `there is no such SPI device; it has ${devices.map(({ device }) => device).join(", ")}`;
}

/** Untrusted: from an agent. */
export function isExchange(data: unknown): boolean {
  return typeof data === "string" && data !== "" && data.length <= MAX_EXCHANGE_BYTES * 4 / 3 + 4;
}
