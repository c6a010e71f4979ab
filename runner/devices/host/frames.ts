/** The protocol between the runner and a device host: one JSON object per line over the host's stdin and stdout. */
import type { DeviceFailure } from "../../../protocol/devices/requests.ts";
import type { Edge, GpioOptions } from "../../../protocol/devices/gpio.ts";

/** To the host of one GPIO chip. */
export type HostRequest =
  /** From now on only this agent may use the line. */
  | { readonly op: "grant"; readonly agent: string; readonly offset: number }
  | { readonly op: "open"; readonly agent: string; readonly offset: number; readonly options: GpioOptions }
  | { readonly op: "read"; readonly agent: string; readonly offset: number }
  | { readonly op: "write"; readonly agent: string; readonly offset: number; readonly value: 0 | 1 }
  /** An output goes to its safe level, and stays open. */
  | { readonly op: "rest"; readonly agent: string; readonly offset: number }
  /** An output goes to its safe level; then the line is free. */
  | { readonly op: "close"; readonly agent: string; readonly offset: number };

export type HostFrame = HostRequest & { readonly id: number };

export type HostAnswer =
  | { readonly id: number; readonly value: number }
  | { readonly id: number; readonly error: DeviceFailure }
  /** `lost`: how many changes were dropped since the last such frame. */
  | { readonly offset: number; readonly edges: readonly Edge[]; readonly lost: number };
