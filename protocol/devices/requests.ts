/** Device requests from an agent to its node, on the pipe. Untrusted: `isDeviceRequest` validates them. Pure. */
import { type GpioOptions, readGpioOptions } from "./gpio.ts";

export type DeviceRequest =
  /** Lists the sensors that the agent may read. */
  | { readonly op: "sensors" }
  /** `sensor`: an id, or a kind. */
  | { readonly op: "read"; readonly sensor: string }
  /** `line`: as in its spawn config. The answer is a handle. */
  | { readonly op: "gpio_open"; readonly line: string; readonly options: GpioOptions }
  | { readonly op: "gpio_read"; readonly handle: number }
  | { readonly op: "gpio_write"; readonly handle: number; readonly value: 0 | 1 }
  | { readonly op: "gpio_close"; readonly handle: number };

/** Why a request failed. */
export type DeviceErrorCode =
  /** The spawn config does not ask for it. */
  | "not_granted"
  /** The node has no such device. */
  | "not_found"
  /** The device does not answer, or answers wrongly. */
  | "failed"
  | "timeout"
  /** Too many requests at the same time, or another agent holds the device. */
  | "busy"
  /** The agent is paused, and a paused agent does not drive outputs. */
  | "paused";

export interface DeviceFailure {
  readonly code: DeviceErrorCode;
  readonly message: string;
}

const MAX_NAME_CHARS = 200;

export function isDeviceRequest(value: unknown): value is DeviceRequest {
  if (value === null || typeof value !== "object") return false;
  const fields = value as Readonly<Record<string, unknown>>;
  switch (fields.op) {
    case "sensors":
      return true;
    case "read":
      return isName(fields.sensor);
    case "gpio_open":
      return isName(fields.line) && areOptions(fields.options);
    case "gpio_read":
    case "gpio_close":
      return Number.isSafeInteger(fields.handle);
    case "gpio_write":
      return Number.isSafeInteger(fields.handle) && (fields.value === 0 || fields.value === 1);
    default:
      return false;
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_NAME_CHARS;
}

function areOptions(value: unknown): boolean {
  try {
    readGpioOptions(value);
    return value !== null && value !== undefined;
  } catch {
    // The harness did not write this.
    return false;
  }
}
