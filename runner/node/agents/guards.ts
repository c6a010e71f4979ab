/** Builds the guards that hold agents to their limits. */
import { deletedFilesMb } from "../../process/deleted_files.ts";
import { residentMemory, swappedMb, writtenMb } from "../../process/proc_glance.ts";
import type { ProcStats } from "../../process/proc_stats.ts";
import { readSockets, socketInodes } from "../../process/sockets.ts";
import { TemporaryFiles } from "../../process/temporary_files.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { NodeParts } from "../node_parts.ts";
import type { Reporter } from "../reports/reporter.ts";
import { CpuGuard } from "./cpu_guard.ts";
import { DiskGuard } from "./disk_guard.ts";
import { MemoryGuard } from "./memory_guard.ts";
import { SocketGuard } from "./socket_guard.ts";
import { StateGuard } from "./state_guard.ts";

export interface Guards {
  /** They end agents that exceed a limit. */
  readonly guards: readonly { run(signal: AbortSignal): Promise<void> }[];
  /** It slows agents down. */
  readonly cpuGuard: CpuGuard;
}

export interface Guarded {
  readonly agents: () => readonly SupervisedAgent[];
  readonly stats: ProcStats;
  readonly link: { readonly connected: boolean };
  readonly reporter: Reporter;
}

/** The longest single stop of an agent, to limit its CPU share. */
const MAX_STOP_MS = 5000;

export function guardsOf(
  { clock, identity, enforcer, totals, memoryMb, stateFiles, hangTimeoutMs }: NodeParts,
  { agents, stats, link, reporter }: Guarded,
): Guards {
  const temporaryFiles = new TemporaryFiles({ look: deletedFilesMb, written: writtenMb });
  const guards = [
    new MemoryGuard({
      clock,
      agents,
      measure: (pid) => stats.held(pid),
      glance: residentMemory(),
      swappedMb,
      totalMb: totals.memoryMb,
      limitOf: ({ name }) => enforcer.rulesFor(name).memory_mb ?? memoryMb,
    }),
    new DiskGuard({
      clock,
      agents,
      measure: (pid) => temporaryFiles.usedMb(pid),
      states: () => stateFiles.sizesMb(),
      totalMb: totals.diskMb,
    }),
    new SocketGuard({
      clock,
      agents,
      brokerPort: identity.broker.port,
      isBrokerThere: () => link.connected,
      sockets: readSockets,
      inodesOf: socketInodes,
    }),
    new StateGuard({ clock, agents, litterers: () => stateFiles.litterers() }),
  ];
  const cpuGuard = new CpuGuard({
    clock,
    agents,
    measure: (pid) => stats.cpuSeconds(pid),
    limitOf: ({ name }) => enforcer.rulesFor(name).cpu_percent,
    totalPercent: totals.cpuPercent,
    maxStopMs: Math.min(MAX_STOP_MS, hangTimeoutMs / 6),
    onHeld: (agent, message) => void reporter.log(agent, "warning", `Throttled by the node: ${message}`),
  });
  return { guards, cpuGuard };
}
