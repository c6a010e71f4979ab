/** What supervision needs from the rest of the runner, and the observers it notifies. */
import type { AgentFrame, LogLevel, RunnerFrame } from "../../protocol/frames.ts";
import type { SpawnConfig } from "../../protocol/spawn_config.ts";
import type { AgentOutcome, ErrorReport, Kill, VisibleState } from "./state.ts";

/** How a process ended. */
export interface ProcessExit {
  /** In words. */
  readonly description: string;
  /** The last lines it wrote to stderr. */
  readonly stderrTail: string;
  /** The limit for which the kernel killed it. */
  readonly kill?: Kill;
}

/** A process that runs an agent. */
export interface RunningProcess {
  readonly pid: number;
  send(frame: RunnerFrame): boolean;
  end(how: "gracefully" | "now"): void;
  /** Suspends or resumes it. */
  setStopped(stopped: boolean): void;
  /** For how long, in all, its output was not read, in milliseconds. */
  readonly heldBackMs?: () => number;
  /** Whether the kernel holds it to its share of the CPU. */
  readonly isCpuLimited?: boolean;
  /** Whether the kernel keeps it from making anything beside its state file. */
  readonly isStateFixed?: boolean;
  readonly exited: Promise<ProcessExit>;
}

/** Receives the output of a process. A returned promise means: under way until it settles; it must not reject. */
export interface ProcessListener {
  onFrame(frame: AgentFrame): Promise<void> | void;
  onOutput(stream: "stdout" | "stderr", line: string): Promise<void> | void;
  /** A line was dropped: it was too long, or held too many parts. */
  onOversize(start: string, limit: "length" | "parts"): void;
  onHeld(message: string): void;
}

/** Fetches the agents' dependencies and starts their processes. `Prepared` is opaque to the supervisor. */
export interface Runtime<Agent, Prepared = unknown> {
  /** Whether there is anything to fetch. */
  needsInstall(config: SpawnConfig): boolean;
  /** @throws Error with the reason, for the operator */
  install(config: SpawnConfig, signal: AbortSignal): Promise<Prepared>;
  /** @throws Error with the reason, for the operator */
  launch(
    agent: Agent,
    prepared: Prepared | undefined,
    listener: ProcessListener,
  ): Promise<RunningProcess>;
}

/** Frames of an agent that do not concern its life cycle. */
export type TrafficFrame = Exclude<
  AgentFrame,
  { t: "loaded" | "ready" | "processed" | "held" | "error" | "pong" }
>;

/** Receives the events of agents. */
export interface AgentObserver<Agent> {
  /** It has come under supervision. */
  onStarted(agent: Agent): void;
  onState(agent: Agent, state: VisibleState): void;
  /** A promise means: under way until it settles; it must not reject. */
  onError(agent: Agent, report: ErrorReport): Promise<void> | void;
  onReady(agent: Agent): void;
  /** A call of `process()` has returned. */
  onProcessed(agent: Agent): void;
  /** It has earned a restart back by time. */
  onHealthy(agent: Agent): void;
  /** Its process is ended for exceeding a limit. */
  onKilled(agent: Agent, kill: Kill): void;
  /** Its process has ended for `reason`; another may follow. */
  onExit(agent: Agent, reason: string): void;
  /** It is no longer supervised. */
  onEnded(agent: Agent, outcome: AgentOutcome): void;
  onTraffic(agent: Agent, frame: TrafficFrame): Promise<void> | void;
  onLog(agent: Agent, level: LogLevel, message: string): Promise<void> | void;
}
