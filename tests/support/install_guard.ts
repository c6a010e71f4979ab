/** The guard of installs, as the runner has it. */
import { systemClock } from "../../runner/clock.ts";
import { InstallGuard, type InstallLimits } from "../../runner/install/install_guard.ts";
import { findWrappers } from "../../runner/process/wrapper.ts";

const workDir = await Deno.makeTempDir({ prefix: "agentflow-work-" });
addEventListener("unload", () => Deno.removeSync(workDir, { recursive: true }));

/** @param walls where Deno itself is what fetches, not a script in its place */
export function installGuard(limits?: InstallLimits, walls = false): InstallGuard {
  return new InstallGuard({
    clock: systemClock,
    wrappers: () => findWrappers({ deno: Deno.execPath(), workDir, walls }),
    ...(limits === undefined ? {} : { limits }),
  });
}
