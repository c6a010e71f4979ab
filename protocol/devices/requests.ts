/** Device requests from an agent to its node, on the pipe. Untrusted: `isDeviceRequest` validates them. Pure. */
import type { HeldKind } from "./devices.ts";
import { type Edge, type GpioAction, type GpioOptions, readGpioOptions } from "./gpio.ts";
import { areSteps, type I2cAction } from "./i2c.ts";
import { isDuty, type PwmAction, type PwmOptions, readPwmOptions } from "./pwm.ts";
import { isExchange, readSpiOptions, type SpiAction, type SpiOptions } from "./spi.ts";
import {
  MAX_CREDIT_BYTES,
  MAX_SEND_BYTES,
  readSerialOptions,
  type SerialAction,
  type SerialOptions,
} from "./serial.ts";

/** How a device of each kind is set up. */
export interface DeviceOptions {
  readonly gpio: GpioOptions;
  readonly i2c: Readonly<Record<string, never>>;
  readonly spi: SpiOptions;
  readonly serial: SerialOptions;
  readonly pwm: PwmOptions;
}

/** What is done with an open device of each kind. */
export interface DeviceActions {
  readonly gpio: GpioAction;
  readonly i2c: I2cAction;
  readonly spi: SpiAction;
  readonly serial: SerialAction;
  readonly pwm: PwmAction;
}
export type DeviceAction = DeviceActions[HeldKind];

/** `kind` and `options` fit each other. */
export type Setup = {
  [K in HeldKind]: { readonly kind: K; readonly options: DeviceOptions[K] };
}[HeldKind];

/** `entry`: as in its spawn config. The answer is a handle. */
export type OpenRequest = { readonly op: "open"; readonly entry: string } & Setup;

export type DeviceRequest =
  /** Lists the sensors that the agent may read. */
  | { readonly op: "sensors" }
  /** `sensor`: an id, or a kind. */
  | { readonly op: "read"; readonly sensor: string }
  | OpenRequest
  | { readonly op: "act"; readonly handle: number; readonly action: DeviceAction }
  | { readonly op: "close"; readonly handle: number };

/** What an action answers: a number, or base64. */
export type DeviceValue = number | string | readonly string[];

/** What happens to an open device by itself. */
export type DeviceEvent =
  /** `lost`: how many changes were dropped since the last such event. */
  | { readonly edges: readonly Edge[]; readonly lost: number }
  /** Bytes, as base64, that a serial port has received. */
  | { readonly data: string };

/** Why a request failed. */
export type DeviceErrorCode =
  /** The spawn config does not ask for it. */
  | "not_granted"
  /** The node has no such device. */
  | "not_found"
  /** The device does not answer, or answers wrongly. */
  | "failed"
  | "timeout"
  /** Too many requests at the same time, or another agent or the kernel holds the device. */
  | "busy"
  /** The agent is paused, and a paused agent does not drive outputs. */
  | "paused";

export interface DeviceFailure {
  readonly code: DeviceErrorCode;
  readonly message: string;
}

const MAX_NAME_CHARS = 200;

/** Fills in defaults. @throws TypeError for a wrong option */
export const READ_OPTIONS: { readonly [K in HeldKind]: (given: unknown) => DeviceOptions[K] } = {
  gpio: readGpioOptions,
  i2c: () => ({}),
  spi: readSpiOptions,
  serial: readSerialOptions,
  pwm: readPwmOptions,
};

/** The kind of device that each action is for, and whether its members are right. */
const ACTIONS: Readonly<
  Record<DeviceAction["do"], readonly [HeldKind, (fields: Readonly<Record<string, unknown>>) => boolean]>
> = {
  level: ["gpio", () => true],
  set: ["gpio", ({ value }) => value === 0 || value === 1],
  transfer: ["i2c", ({ steps }) => areSteps(steps)],
  duty: ["pwm", ({ duty }) => isDuty(duty)],
  exchange: ["spi", ({ data }) => isExchange(data)],
  send: ["serial", ({ data }) => typeof data === "string" && data.length <= MAX_SEND_BYTES * 4 / 3 + 4],
  credit: [
    "serial",
    ({ bytes }) => Number.isInteger(bytes) && Number(bytes) > 0 && Number(bytes) <= MAX_CREDIT_BYTES,
  ],
};

export function kindOfAction(action: DeviceAction): HeldKind {
  return ACTIONS[action.do][0];
}

export function isDeviceRequest(value: unknown): value is DeviceRequest {
  if (value === null || typeof value !== "object") return false;
  const fields = value as Readonly<Record<string, unknown>>;
  switch (fields.op) {
    case "sensors":
      return true;
    case "read":
      return isName(fields.sensor);
    case "open":
      return isName(fields.entry) && isSetup(fields.kind, fields.options);
    case "act":
      return Number.isSafeInteger(fields.handle) && isAction(fields.action);
    case "close":
      return Number.isSafeInteger(fields.handle);
    default:
      return false;
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_NAME_CHARS;
}

function isAction(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const name = String(fields.do);
  return Object.hasOwn(ACTIONS, name) && ACTIONS[name as DeviceAction["do"]][1](fields);
}

function isSetup(kind: unknown, options: unknown): boolean {
  if (typeof kind !== "string" || !Object.hasOwn(READ_OPTIONS, kind)) return false;
  try {
    READ_OPTIONS[kind as HeldKind](options);
    return options !== null && options !== undefined;
  } catch {
    // The harness did not write this.
    return false;
  }
}
