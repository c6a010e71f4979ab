/** How a process ended for which the kernel enforced a limit: which limit, and the measured value. */
import type { Group } from "./cgroups.ts";
import type { AgentProcess } from "./launcher.ts";
import type { ProcessExit, RunningProcess } from "../supervisor/ports.ts";

/** The limits that the kernel enforces on a process. */
export interface KernelLimits {
  readonly memoryMb: number;
  readonly fileBytes: number;
  readonly openFiles: number;
}

/** What Deno prints last when it runs out of files itself; the kernel's error number is 24 (EMFILE). */
const NO_MORE_FILES = /Too many open files|^assertion `left == right` failed\n\s*left: 24$/m;

/** A process, with the kernel's limits on it, and its exit described in their terms. */
export function limited(
  process: AgentProcess,
  group: Group | undefined,
  limits: KernelLimits,
): RunningProcess {
  const { pid, send, end, setStopped, heldBackMs } = process;
  const exited = process.exited.then(async ({ signal, ...exit }): Promise<ProcessExit> => {
    const usedMb = await group?.leave();
    if (usedMb !== undefined) {
      const kill = { limit: "memory", measured: usedMb, allowed: limits.memoryMb, unit: "MB" } as const;
      const words = `memory limit: ${usedMb.toFixed(1)} MB used, ${limits.memoryMb} MB allowed`;
      return { ...exit, description: `was killed by the kernel (${words})`, kill };
    }
    if (NO_MORE_FILES.test(exit.stderrTail)) return withoutFiles(exit, limits.openFiles);
    if (signal !== "SIGXFSZ") return exit;
    const fileMb = Math.round(limits.fileBytes / 1024 / 1024 * 10) / 10;
    return { ...exit, kill: { limit: "file size", measured: fileMb, allowed: fileMb, unit: "MB" } };
  });
  return { pid, send, end, setStopped, heldBackMs, isCpuLimited: group?.limitsCpu === true, exited };
}

/** Deno's last lines then concern Deno itself, not the agent. */
function withoutFiles({ description }: ProcessExit, openFiles: number): ProcessExit {
  return {
    description: `${description} (open files limit: ${openFiles} files and connections allowed)`,
    stderrTail: "",
    kill: { limit: "open files", measured: openFiles, allowed: openFiles, unit: "files" },
  };
}
