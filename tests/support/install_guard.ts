/** The guard of installs, as the runner has it. */
import { systemClock } from "../../runner/clock.ts";
import { InstallGuard, type InstallLimits } from "../../runner/install/install_guard.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";

const workDir = await Deno.makeTempDir({ prefix: "agentflow-work-" });
addEventListener("unload", () => Deno.removeSync(workDir, { recursive: true }));

export function installGuard(limits?: InstallLimits): InstallGuard {
  return new InstallGuard({
    clock: systemClock,
    wrappers: () => findWrappers({ deno: Deno.execPath(), workDir, walls: false }),
    ...(limits === undefined ? {} : { limits }),
  });
}
