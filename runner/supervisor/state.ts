/** The types of supervision: an agent's states, its events, and their effects. */

/** Why an agent is stopped. `shutdown`: the node itself ends, and the agent would run again with it. */
export type StopReason =
  | "stop"
  | "delete"
  | "replace"
  | "migrate"
  | "stop_all"
  | "shutdown"
  /** It was placed on another node later. */
  | "yield";

/** How an agent ended. */
export type AgentOutcome =
  | { readonly kind: "stopped"; readonly reason: StopReason }
  | { readonly kind: "failed"; readonly phase: ErrorPhase; readonly error: string };

/** Where in its life an agent is. */
export type Phase =
  /** Its dependencies are being fetched. */
  | { readonly kind: "installing" }
  /** Its process has been started, its code is not loaded yet. */
  | { readonly kind: "launching" }
  /** `setup()` runs. */
  | { readonly kind: "setup" }
  | { readonly kind: "running" }
  /** Its process is being ended after a failure; a restart or the end follows. */
  | {
    readonly kind: "crashing";
    readonly reason: string;
    readonly traceback: string;
    readonly hung: boolean;
    readonly kill?: Kill | undefined;
  }
  | { readonly kind: "failing"; readonly outcome: AgentOutcome }
  /** It waits for its restart. */
  | { readonly kind: "waiting"; readonly generation: number }
  | { readonly kind: "stopping"; readonly reason: StopReason }
  | { readonly kind: "ended"; readonly outcome: AgentOutcome };

/** `leaving`: it does nothing more unless it stays here. `arriving`: it does not begin until it is released. */
export type Passage = "open" | "leaving" | "arriving";

export interface AgentState {
  readonly phase: Phase;
  readonly restartCount: number;
  /** `process()` calls in a row without an error since the last one, or the last credit. */
  readonly healthyCalls: number;
  readonly paused: boolean;
  /** Whether the node itself lets `process()` through, while the agent moves between nodes. */
  readonly passage: Passage;
  /** Number of the last scheduled restart; any other number is stale. */
  readonly generation: number;
}

/** The part of a spawn config that supervision depends on. */
export interface Budget {
  readonly max_restarts: number;
  /** Seconds. */
  readonly restart_delay: number;
}

export type AgentEvent =
  | { readonly kind: "start"; readonly install: boolean }
  | { readonly kind: "installed" }
  | { readonly kind: "install_failed"; readonly error: string }
  | { readonly kind: "launch_failed"; readonly error: string }
  | { readonly kind: "loaded" }
  | { readonly kind: "ready" }
  | { readonly kind: "processed" }
  /** It has no `process()`, and has run long enough without a crash to earn a restart back. */
  | { readonly kind: "healthy" }
  | {
    readonly kind: "failed";
    readonly phase: "compile" | "setup" | "process" | "crash";
    readonly error: string;
    readonly traceback: string;
    readonly consecutive: number;
    readonly kill?: Kill;
  }
  | { readonly kind: "hung"; readonly error: string; readonly kill: Kill }
  | { readonly kind: "exited"; readonly reason: string; readonly kill?: Kill | undefined }
  | { readonly kind: "restart_due"; readonly generation: number }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  /** The agent is about to move away and stops working. */
  | { readonly kind: "hold" }
  /** It stays, or has arrived: it resumes. */
  | { readonly kind: "release" }
  | { readonly kind: "stop"; readonly reason: StopReason };

/** The phases of an `errors` report. */
export type ErrorPhase = "install" | "compile" | "setup" | "process" | "handle_task" | "supervisor";

/** An `errors` report. */
export interface ErrorReport {
  readonly phase: ErrorPhase;
  readonly severity: "warning" | "critical" | "fatal";
  readonly error: string;
  readonly traceback?: string;
  readonly consecutive?: number;
  readonly restart_count?: number;
  /** The code from before this update runs again. */
  readonly rolled_back?: true;
  /** The limit that its process was ended over. */
  readonly kill?: Kill;
}

/** A process that is ended because of a limit, by the node or by the kernel. */
export interface Kill {
  readonly limit:
    | "memory"
    | "memory of all agents"
    | "disk of all agents"
    | "unresponsive"
    | "file size"
    | "open files"
    | "temporary files"
    | "state files"
    | "listening"
    | "connections"
    | "unread data";
  readonly measured: number;
  readonly allowed: number;
  readonly unit: "MB" | "s" | "files" | "sockets";
}

/** The state of an agent as reported on the wire. */
export type VisibleState = "running" | "restarting" | "failed" | "stopped" | "paused" | "unresponsive";

export type Effect =
  | { readonly kind: "install" }
  | { readonly kind: "cancel_install" }
  | { readonly kind: "launch" }
  | { readonly kind: "end_process"; readonly how: "gracefully" | "now" }
  | { readonly kind: "schedule_restart"; readonly delayMs: number; readonly generation: number }
  | { readonly kind: "cancel_restart" }
  | { readonly kind: "send"; readonly frame: "pause" | "resume" | "hold" | "release" }
  | { readonly kind: "report_error"; readonly report: ErrorReport }
  /** The visible state has changed. */
  | { readonly kind: "announce"; readonly state: VisibleState }
  /** `setup()` has returned: the agent takes tasks, and its manifest is known. */
  | { readonly kind: "ready" }
  | { readonly kind: "ended"; readonly outcome: AgentOutcome };

export const INITIAL_STATE: AgentState = Object.freeze<AgentState>({
  phase: { kind: "installing" },
  restartCount: 0,
  healthyCalls: 0,
  paused: false,
  passage: "open",
  generation: 0,
});

/** The state reported on the wire; `undefined` before the agent has run for the first time. */
export function visibleState(state: AgentState): VisibleState | undefined {
  const { phase } = state;
  switch (phase.kind) {
    case "installing":
    case "failing":
      return undefined;
    case "launching":
    case "waiting":
      return state.generation > 0 ? "restarting" : undefined;
    case "setup":
      // The old node treats the first heartbeat from here as the arrival: send none before `setup()` has returned.
      if (state.passage === "arriving") return undefined;
      return state.paused ? "paused" : "running";
    case "running":
    case "stopping":
      return state.paused ? "paused" : "running";
    case "crashing":
      return phase.hung ? "unresponsive" : "running";
    case "ended":
      return phase.outcome.kind;
    default:
      return phase satisfies never;
  }
}
