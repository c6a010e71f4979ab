/** What became of a process, where the kernel enforced a limit: which one, and what was measured. */
import type { Group } from "./cgroups.ts";
import type { AgentProcess } from "./launcher.ts";
import type { ProcessExit, RunningProcess } from "../supervisor/ports.ts";

/** What the kernel holds a process to. */
export interface KernelLimits {
  readonly memoryMb: number;
  readonly fileBytes: number;
  readonly openFiles: number;
}

/** Deno's last words when it cannot go on itself; the kernel's number for it is 24 (EMFILE). */
const NO_MORE_FILES = /Too many open files|^assertion `left == right` failed\n\s*left: 24$/m;

/** A process with what the kernel does for its limits, and with what it says of its end. */
export function limited(
  process: AgentProcess,
  group: Group | undefined,
  limits: KernelLimits,
): RunningProcess {
  const { pid, send, end, setStopped } = process;
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
  return { pid, send, end, setStopped, isCpuLimited: group?.limitsCpu === true, exited };
}

/** The last words of Deno are about its own trouble then. */
function withoutFiles({ description }: ProcessExit, openFiles: number): ProcessExit {
  return {
    description: `${description} (open files limit: ${openFiles} files and connections allowed)`,
    stderrTail: "",
    kill: { limit: "open files", measured: openFiles, allowed: openFiles, unit: "files" },
  };
}
