/** What an agent asks its node of devices, on the pipe. Untrusted: `isDeviceRequest` checks all of it. Pure. */

export type DeviceRequest =
  /** The sensors that it may read. */
  | { readonly op: "sensors" }
  /** `sensor`: an id, or a kind. */
  | { readonly op: "read"; readonly sensor: string };

/** Why a request failed. */
export type DeviceErrorCode =
  /** The spawn config does not ask for it. */
  | "not_granted"
  /** The node has no such device. */
  | "not_found"
  /** The device does not answer as it should. */
  | "failed"
  | "timeout"
  /** Too many requests at the same time. */
  | "busy";

export interface DeviceFailure {
  readonly code: DeviceErrorCode;
  readonly message: string;
}

const MAX_NAME_CHARS = 200;

export function isDeviceRequest(value: unknown): value is DeviceRequest {
  if (value === null || typeof value !== "object") return false;
  const { op, sensor } = value as Readonly<Record<string, unknown>>;
  if (op === "sensors") return true;
  return op === "read" && typeof sensor === "string" && sensor.length <= MAX_NAME_CHARS;
}
