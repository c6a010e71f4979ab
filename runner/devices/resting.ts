/** What is an output, and its options while its agent does not drive it. Pure. */
import type { DeviceAction, DeviceOptions, Setup } from "../../protocol/devices/requests.ts";
import type { HeldKind } from "../../protocol/devices/devices.ts";

export function isOutput(setup: Setup): boolean {
  return setup.kind === "pwm" || (setup.kind === "gpio" && setup.options.direction === "out");
}

export function restingOptions(setup: Setup): DeviceOptions[HeldKind] {
  if (setup.kind === "pwm") return { ...setup.options, duty: setup.options.safe };
  return setup.kind === "gpio" ? { ...setup.options, initial: setup.options.safe } : setup.options;
}

export function isRefusedToPaused(action: DeviceAction): boolean {
  return action.do === "set" || action.do === "duty";
}
