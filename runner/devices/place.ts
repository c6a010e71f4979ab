/** Where a device of a spawn config is on this machine. */
import type { HeldKind } from "../../protocol/devices/devices.ts";

export interface Place {
  readonly kind: HeldKind;
  /** What its host opens. */
  readonly path: string;
  /** The number of the GPIO line, or the address on the bus. */
  readonly unit: number;
  /** Changes when the device is plugged in again. */
  readonly plugged: string;
}

/** Whether both are the same, by whatever name they were asked for. */
export function isSamePlace(one: Place, other: Place): boolean {
  return one.kind === other.kind && one.path === other.path && one.unit === other.unit;
}
