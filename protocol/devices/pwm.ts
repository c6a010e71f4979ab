/** PWM channels as agents name them, and how one is set up. Pure. */
import { spiProblem, spiRuleProblem } from "./spi.ts";

export interface PwmOptions {
  /** Periods per second: 0.1 to 10,000,000. */
  readonly frequency_hz: number;
  /** The part of a period in which the channel is active, 0 to 1. */
  readonly duty: number;
  /** The same while its agent does not drive it. With 0, the channel is switched off once it is closed. */
  readonly safe: number;
}

export type PwmAction = { readonly do: "duty"; readonly duty: number };

const KNOWN = ["frequency_hz", "duty", "safe"];
const MIN_HZ = 0.1;
const MAX_HZ = 10_000_000;

/** Fills in defaults. @throws TypeError for a wrong option */
export function readPwmOptions(given: unknown): PwmOptions {
  if (given === null || typeof given !== "object") {
    throw new TypeError("the options must be an object, such as { frequency_hz: 25000 }");
  }
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`'${unknown}' is no option: known are ${KNOWN.join(", ")}`);
  }
  const { frequency_hz, duty = 0, safe = 0 } = given as Readonly<Record<string, unknown>>;
  if (typeof frequency_hz !== "number" || !(frequency_hz >= MIN_HZ && frequency_hz <= MAX_HZ)) {
    throw new TypeError(
      `frequency_hz must be a number from ${MIN_HZ} to ${MAX_HZ}, got ${String(frequency_hz)}`,
    );
  }
  return { frequency_hz, duty: checkDuty("duty", duty), safe: checkDuty("safe", safe) };
}

/** @throws TypeError unless it is a number from 0 to 1 */
export function checkDuty(name: string, value: unknown): number {
  if (isDuty(value)) return value;
  throw new TypeError(`${name} must be a number from 0 to 1, got ${String(value)}`);
}

/** Untrusted: from an agent. */
export function isDuty(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

/** Why no agent can ask for this; `undefined` if it can. The form is that of SPI: two numbers. */
export function pwmProblem(entry: string): string | undefined {
  if (spiProblem(entry) === undefined) return undefined;
  return "must be CHIP.CHANNEL, such as 0.1 for channel 1 of /sys/class/pwm/pwmchip0";
}

export function pwmRuleProblem(rule: string): string | undefined {
  return spiRuleProblem(rule) && "must be CHIP.CHANNEL, such as 0.1, or 0.* or *";
}

interface Chip {
  readonly chip: number;
  readonly channels: number;
}

/** The chip and the number of an entry's channel; `undefined` if none of `chips` has it. */
export function channelOf(
  entry: string,
  chips: readonly Chip[],
): { readonly chip: number; readonly channel: number } | undefined {
  const [chip, channel] = entry.split(".").map(Number);
  if (pwmProblem(entry) !== undefined || chip === undefined || channel === undefined) return undefined;
  return chips.some((has) => has.chip === chip && channel < has.channels) ? { chip, channel } : undefined;
}

/** The error for an unknown channel: lists those that the node has. */
export function noSuchChannel(chips: readonly Chip[]): string {
  if (chips.length === 0) return "there is no PWM chip (is one switched on, as /sys/class/pwm/pwmchip0?)";
  const has = chips.map(({ chip, channels }) =>
    channels === 1 ? `${chip}.0` : `${chip}.0 to ${chip}.${channels - 1}`
  );
  return `there is no such PWM channel; it has ${has.join(", ")}`;
}
