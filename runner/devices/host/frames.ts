/** The protocol between the runner and a device host: one JSON object per line over the host's stdin and stdout. */
import type { HeldKind } from "../../../protocol/devices/devices.ts";
import type {
  DeviceAction,
  DeviceEvent,
  DeviceFailure,
  DeviceOptions,
  DeviceValue,
} from "../../../protocol/devices/requests.ts";

/** To the host of one device node. `unit`: the number of a GPIO line, or the address of an I2C device. */
export type HostRequest =
  & { readonly agent: string; readonly unit: number }
  & (
    /** From now on only this agent may use the unit. */
    | { readonly op: "grant" }
    | { readonly op: "open"; readonly options: DeviceOptions[HeldKind] }
    | { readonly op: "act"; readonly action: DeviceAction }
    /** An output goes to its safe level, and stays open. */
    | { readonly op: "rest" }
    /** An output goes to its safe level; then the unit is free. */
    | { readonly op: "close" }
  );

export type HostFrame = HostRequest & { readonly id: number };

export type HostEvent =
  | DeviceEvent
  /** It was unplugged: nothing more comes from it. */
  | { readonly gone: string };

export type HostAnswer =
  | { readonly id: number; readonly value: DeviceValue }
  | { readonly id: number; readonly error: DeviceFailure }
  | { readonly unit: number; readonly event: HostEvent };
