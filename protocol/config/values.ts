/** Reads the values of flags. Each function throws a ConfigError that names the flag and quotes the value. Pure. */
import { resolve } from "@std/path";
import { ConfigError } from "./config_error.ts";

export function absolute(path: string): string;
export function absolute(path: string | undefined): string | undefined;
export function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

/** Items that are separated by commas, without empty ones. */
export function listOf(text = ""): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

/** @throws ConfigError */
export function oneOf<T extends string>(flag: string, choices: readonly T[], text: string | undefined): T {
  const choice = choices.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw mustBe(flag, `one of ${choices.join(", ")}`, text);
}

/** @throws ConfigError */
export function wholeNumber(flag: string, text: string | undefined, min: number, max: number): number {
  const value = /^\d+$/.test(text ?? "") ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw mustBe(flag, `a whole number from ${min} to ${max}`, text);
}

/** @param unit what is counted, as "seconds" @throws ConfigError */
export function positive(flag: string, text: string | undefined, max: number, unit?: string): number {
  const value = /^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : NaN;
  if (value > 0 && value <= max) return value;
  throw mustBe(flag, `a number${unit === undefined ? "" : ` of ${unit}`} above 0 and up to ${max}`, text);
}

function mustBe(flag: string, what: string, text: string | undefined): ConfigError {
  return new ConfigError(`--${flag} must be ${what}: current value is '${text}'`);
}
