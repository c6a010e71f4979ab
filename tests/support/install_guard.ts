/** The guard of installs, as the runner has it. */
import { systemClock } from "../../runner/clock.ts";
import { InstallGuard, type InstallLimits } from "../../runner/install/install_guard.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";

export function installGuard(limits?: InstallLimits): InstallGuard {
  return new InstallGuard({
    clock: systemClock,
    wrappers: findWrappers,
    ...(limits === undefined ? {} : { limits }),
  });
}
