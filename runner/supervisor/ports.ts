/** What supervision needs of the rest of the runner, and whom it tells what happens. */
import type { AgentFrame, LogLevel, RunnerFrame } from "../../protocol/frames.ts";
import type { SpawnConfig } from "../../protocol/spawn_config.ts";
import type { ErrorReport, Outcome, VisibleState } from "./state.ts";
import type { SupervisedAgent } from "./supervised_agent.ts";

/** How a process ended. */
export interface ProcessExit {
  /** In words. */
  readonly description: string;
  /** The last lines it wrote to stderr. */
  readonly stderrTail: string;
  /** The limit that the kernel has ended it over. */
  readonly kill?: Kill;
}

/** A process that runs an agent. */
export interface RunningProcess {
  readonly pid: number;
  send(frame: RunnerFrame): boolean;
  end(how: "gracefully" | "now"): void;
  /** Stops it for a while, or lets it go on. */
  setStopped(stopped: boolean): void;
  /** Whether the kernel holds it to its share of the CPU. */
  readonly isCpuLimited?: boolean;
  readonly exited: Promise<ProcessExit>;
}

/** Who hears what a process says. A promise means: under way until it settles; it must not reject. */
export interface ProcessListener {
  onFrame(frame: AgentFrame): Promise<void> | void;
  onOutput(stream: "stdout" | "stderr", line: string): Promise<void> | void;
  /** A line that has been passed over: it was too long, or held too many parts. */
  onOversize(start: string, limit: "length" | "parts"): void;
  onHeld(message: string): void;
}

/** Fetches what agents depend on, and starts their processes. `Prepared` is its own affair. */
export interface Runtime<Prepared = unknown> {
  /** Whether there is anything to fetch. */
  needsInstall(config: SpawnConfig): boolean;
  /** @throws Error with the reason, for the operator */
  install(config: SpawnConfig, signal: AbortSignal): Promise<Prepared>;
  /** @throws Error with the reason, for the operator */
  launch(
    agent: SupervisedAgent,
    prepared: Prepared | undefined,
    listener: ProcessListener,
  ): Promise<RunningProcess>;
}

/** Frames of an agent that are not about its life. */
export type TrafficFrame = Exclude<
  AgentFrame,
  { t: "loaded" | "ready" | "processed" | "held" | "error" | "pong" }
>;

/** A process that is ended because of a limit, by the node or by the kernel. */
export interface Kill {
  readonly limit: "memory" | "unresponsive" | "file size" | "open files" | "temporary files" | "listening";
  readonly measured: number;
  readonly allowed: number;
  readonly unit: "MB" | "s" | "files" | "sockets";
}

/** Who is told what happens to agents. */
export interface AgentObserver {
  /** It has come under supervision. */
  onStarted(agent: SupervisedAgent): void;
  onState(agent: SupervisedAgent, state: VisibleState): void;
  /** A promise means: under way until it settles; it must not reject. */
  onError(agent: SupervisedAgent, report: ErrorReport): Promise<void> | void;
  onReady(agent: SupervisedAgent): void;
  /** A call of `process()` has returned. */
  onProcessed(agent: SupervisedAgent): void;
  /** Its process is ended because of a limit. */
  onKilled(agent: SupervisedAgent, kill: Kill): void;
  /** Its process has ended, for that reason; another may follow. */
  onExit(agent: SupervisedAgent, reason: string): void;
  /** It is not supervised any more. */
  onEnded(agent: SupervisedAgent, outcome: Outcome): void;
  onTraffic(agent: SupervisedAgent, frame: TrafficFrame): Promise<void> | void;
  onLog(agent: SupervisedAgent, level: LogLevel, message: string): Promise<void> | void;
}
