/** What agents show and offer under names of their own: readings and switches. Pure. */
import { SENSOR_KINDS } from "./devices/sensors.ts";

/** A number that an agent has measured. */
export interface MeasuredReading {
  /** Distinguishes the readings of one agent, in their topics too. */
  readonly reading: string;
  /** What was measured, such as `temperature`. */
  readonly kind: string;
  readonly value: number;
  /** Such as `°C`; empty for a number without one. */
  readonly unit: string;
}

/** The state of a switch that an agent offers. */
export interface SwitchState {
  readonly switch: string;
  readonly on: boolean;
}

/** Different readings of one agent. */
export const MAX_READINGS = 64;
/** Switches of one agent. */
export const MAX_SWITCHES = 32;
export const MAX_UNIT_CHARS = 12;

const KIND = /^[a-z][a-z0-9_]{0,31}$/;
/** Safe in a topic, and in the ids of other systems. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const UNIT = /^[^\p{C}\p{Z}]*$/u;
const NAME_WORDS = "letters, digits, _ and -, up to 64";
const OPTIONS = ["unit", "name"];

/**
 * What `agent.reading()` was given, with defaults filled in.
 * @throws TypeError "value must be a finite number, got "21""
 */
export function readMeasured(kind: unknown, value: unknown, given: unknown): MeasuredReading {
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof options !== "object") throw new TypeError("the options must be an object");
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no option ${unknown}: there are ${OPTIONS.join(", ")}`);
  }
  const measured = { reading: options.name ?? kind, kind, value, unit: options.unit ?? unitOf(kind) };
  const problem = problemWith(measured);
  if (problem !== undefined) throw new TypeError(problem);
  return measured as MeasuredReading;
}

/** Whether a frame from an agent's process holds a reading. */
export function isMeasured(fields: Readonly<Record<string, unknown>>): boolean {
  return problemWith(fields) === undefined;
}

function problemWith({ reading, kind, value, unit }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof kind !== "string" || !KIND.test(kind)) {
    return `kind must be lower-case letters, digits and _, up to 32, such as temperature, got ${shown(kind)}`;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) {
    return `value must be a finite number, got ${shown(value)}`;
  }
  if (typeof unit !== "string" || unit.length > MAX_UNIT_CHARS || !UNIT.test(unit)) {
    return `unit must be up to ${MAX_UNIT_CHARS} characters without spaces, such as °C, got ${shown(unit)}`;
  }
  if (typeof reading !== "string" || !NAME.test(reading)) {
    return `name must be ${NAME_WORDS}, got ${shown(reading)}`;
  }
  return undefined;
}

/** Why no switch can have this name; `undefined` if one can. */
export function switchNameProblem(name: unknown): string | undefined {
  return typeof name === "string" && NAME.test(name) ? undefined : `the name must be ${NAME_WORDS}`;
}

/** Whether a frame from an agent's process holds the state of a switch. */
export function isSwitchState(fields: Readonly<Record<string, unknown>>): boolean {
  return switchNameProblem(fields.switch) === undefined && typeof fields.on === "boolean";
}

/** Readings of a kind that sensors have are in the same unit, unless the agent names another one. */
function unitOf(kind: unknown): string {
  return typeof kind === "string" && Object.hasOwn(SENSOR_KINDS, kind)
    ? SENSOR_KINDS[kind as keyof typeof SENSOR_KINDS]
    : "";
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
