/**
 * One agent's life under supervision, as a pure function: a state and an event give the next state and the effects
 * to carry out. No time, no I/O.
 */
import { MAX_CONSECUTIVE_FAILURES } from "../../protocol/frames.ts";
import { budgetIsSpent, HEALTHY_CALLS, processSeverity, restartDelaySeconds } from "./policy.ts";
import type {
  AgentEvent,
  AgentOutcome,
  AgentState,
  Budget,
  Effect,
  ErrorPhase,
  ErrorReport,
  Kill,
  Phase,
  StopReason,
  VisibleState,
} from "./state.ts";

export interface Transition {
  readonly state: AgentState;
  readonly effects: readonly Effect[];
}

/** The next state, and what to do. An event that does not apply to `state` changes nothing. */
export function transition(state: AgentState, event: AgentEvent, budget: Budget): Transition {
  switch (event.kind) {
    case "start":
      return event.install ? enter(state, { kind: "installing" }, { kind: "install" }) : launch(state);
    case "installed":
      return state.phase.kind === "installing" ? launch(state) : unchanged(state);
    case "install_failed":
      if (state.phase.kind !== "installing") return unchanged(state);
      return end(
        state,
        { kind: "failed", phase: "install", error: event.error },
        fatal("install", event.error),
      );
    case "launch_failed":
      if (state.phase.kind !== "launching") return unchanged(state);
      return crashed(state, { reason: event.error, traceback: "" }, budget);
    case "loaded":
      if (state.phase.kind !== "launching") return unchanged(state);
      return enter(state, { kind: "setup" }, ...(state.passage === "arriving" ? [] : [announceAlive(state)]));
    case "ready":
      if (state.phase.kind !== "setup") return unchanged(state);
      return enter(
        state,
        { kind: "running" },
        // The old node waits for the first heartbeat from here.
        ...(state.passage === "arriving" ? [announceAlive(state)] : []),
        { kind: "ready" },
      );
    case "processed":
      return state.phase.kind === "running" ? { state: credit(state), effects: [] } : unchanged(state);
    case "healthy":
      return state.phase.kind === "running" ? { state: forgive(state), effects: [] } : unchanged(state);
    case "failed":
      return isAlive(state) ? failed(state, event) : unchanged(state);
    case "hung":
      if (!isAlive(state)) return unchanged(state);
      return enter(
        state,
        { kind: "crashing", reason: event.error, traceback: "", hung: true, kill: event.kill },
        announce("unresponsive"),
        endNow,
      );
    case "exited":
      return exited(state, event, budget);
    case "restart_due":
      return state.phase.kind === "waiting" && state.phase.generation === event.generation
        ? launch(state)
        : unchanged(state);
    case "pause":
    case "resume":
      return setPaused(state, event.kind === "pause");
    case "hold":
      return {
        state: { ...state, passage: "leaving" },
        effects: isAlive(state) ? [{ kind: "send", frame: "hold" }] : [],
      };
    case "release":
      return release(state);
    case "stop":
      return stop(state, event.reason);
    default:
      return event satisfies never;
  }
}

const endNow: Effect = { kind: "end_process", how: "now" };
const announce = (state: VisibleState): Effect => ({ kind: "announce", state });
const announceAlive = (state: AgentState): Effect => announce(state.paused ? "paused" : "running");
const reportError = (report: ErrorReport): Effect => ({ kind: "report_error", report });
const unchanged = (state: AgentState): Transition => ({ state, effects: [] });

function enter(state: AgentState, phase: Phase, ...effects: Effect[]): Transition {
  return { state: { ...state, phase }, effects };
}

function fatal(phase: ErrorPhase, error: string, traceback?: string): Effect {
  return reportError({ phase, severity: "fatal", error, ...(traceback === undefined ? {} : { traceback }) });
}

function launch(state: AgentState): Transition {
  return enter({ ...state, healthyCalls: 0 }, { kind: "launching" }, { kind: "launch" });
}

function end(state: AgentState, outcome: AgentOutcome, ...before: Effect[]): Transition {
  // An agent that is sent back never ran here: it resumes on its old node.
  const isSentBack = state.passage === "arriving" && outcome.kind === "stopped" &&
    outcome.reason === "migrate";
  const said = isSentBack ? [] : [announce(outcome.kind)];
  return enter(state, { kind: "ended", outcome }, ...before, ...said, { kind: "ended", outcome });
}

/** Whether agent code runs, and nothing has been decided about its end. */
function isAlive({ phase }: AgentState): boolean {
  return phase.kind === "launching" || phase.kind === "setup" || phase.kind === "running";
}

function credit(state: AgentState): AgentState {
  const healthyCalls = state.healthyCalls + 1;
  if (healthyCalls < HEALTHY_CALLS) return { ...state, healthyCalls };
  return forgive({ ...state, healthyCalls: 0 });
}

function forgive(state: AgentState): AgentState {
  return { ...state, restartCount: Math.max(0, state.restartCount - 1) };
}

function failed(state: AgentState, event: Extract<AgentEvent, { kind: "failed" }>): Transition {
  const { phase, error, traceback, consecutive, kill } = event;
  switch (phase) {
    case "compile":
    case "setup":
      return enter(
        state,
        { kind: "failing", outcome: { kind: "failed", phase, error } },
        fatal(phase, error, traceback),
        endNow,
      );
    case "process": {
      const report = reportError({
        phase,
        severity: processSeverity(consecutive),
        error,
        consecutive,
        traceback,
      });
      const healthier = { ...state, healthyCalls: 0 };
      if (consecutive < MAX_CONSECUTIVE_FAILURES) return { state: healthier, effects: [report] };
      const reason = `process() failed ${consecutive} times in a row, last error: ${error}`;
      return enter(healthier, { kind: "crashing", reason, traceback: "", hung: false }, report, endNow);
    }
    case "crash":
      // The process exits by itself after this frame.
      return enter(state, { kind: "crashing", reason: error, traceback, hung: false, kill }, endNow);
    default:
      return phase satisfies never;
  }
}

type Exit = Extract<AgentEvent, { kind: "exited" }>;

function exited(state: AgentState, exit: Exit, budget: Budget): Transition {
  const { phase } = state;
  switch (phase.kind) {
    case "launching":
    case "setup":
    case "running":
      return crashed(state, { ...exit, traceback: "" }, budget);
    case "crashing":
      return crashed(state, phase, budget);
    case "failing":
      return end(state, phase.outcome);
    case "stopping":
      return end(state, { kind: "stopped", reason: phase.reason });
    case "installing":
    case "waiting":
    case "ended":
      return unchanged(state);
    default:
      return phase satisfies never;
  }
}

interface Crash {
  readonly reason: string;
  readonly traceback: string;
  readonly kill?: Kill | undefined;
}

function crashed(state: AgentState, { reason, traceback, kill }: Crash, budget: Budget): Transition {
  const restartCount = state.restartCount + 1;
  const details = {
    restart_count: restartCount,
    ...(traceback === "" ? {} : { traceback }),
    ...(kill === undefined ? {} : { kill }),
  };
  const next: AgentState = { ...state, restartCount, healthyCalls: 0 };
  if (budgetIsSpent(restartCount, budget.max_restarts)) {
    const error = `Restart budget exhausted after ${restartCount} crashes: ${reason}`;
    const report = reportError({ phase: "supervisor", severity: "fatal", error, ...details });
    return end(next, { kind: "failed", phase: "supervisor", error }, report);
  }
  const delay = restartDelaySeconds(budget.restart_delay, restartCount);
  const error = `Agent crashed, restarting in ${
    delay.toFixed(1)
  }s (attempt ${restartCount}/${budget.max_restarts}): ${reason}`;
  const generation = state.generation + 1;
  return enter(
    { ...next, generation },
    { kind: "waiting", generation },
    reportError({ phase: "supervisor", severity: "warning", error, ...details }),
    announce("restarting"),
    { kind: "schedule_restart", delayMs: delay * 1000, generation },
  );
}

function setPaused(state: AgentState, paused: boolean): Transition {
  const { phase } = state;
  if (state.paused === paused || phase.kind === "stopping" || phase.kind === "ended") return unchanged(state);
  const next: AgentState = { ...state, paused };
  const effects: Effect[] = [];
  if (isAlive(state)) effects.push({ kind: "send", frame: paused ? "pause" : "resume" });
  if (phase.kind === "running" || (phase.kind === "setup" && state.passage !== "arriving")) {
    effects.push(announceAlive(next));
  }
  return { state: next, effects };
}

function release(state: AgentState): Transition {
  const { phase, passage } = state;
  if (passage === "open") return unchanged(state);
  const effects: Effect[] = isAlive(state) ? [{ kind: "send", frame: "release" }] : [];
  const opened: AgentState = { ...state, passage: "open" };
  // The last state on the wire may be another node's: running, failed or stopped there.
  const isVisible = phase.kind === "running" || (phase.kind === "setup" && passage === "leaving");
  if (isVisible) effects.push(announceAlive(opened));
  return { state: opened, effects };
}

function stop(state: AgentState, reason: StopReason): Transition {
  const { phase } = state;
  const stopped: AgentOutcome = { kind: "stopped", reason };
  switch (phase.kind) {
    case "installing":
      return end(state, stopped, { kind: "cancel_install" });
    case "waiting":
      return end(state, stopped, { kind: "cancel_restart" });
    case "launching":
    case "setup":
    case "running":
      return enter(state, { kind: "stopping", reason }, { kind: "end_process", how: "gracefully" });
    case "crashing":
    case "failing":
      // Its process is already ending.
      return enter(state, { kind: "stopping", reason });
    case "stopping":
      // A delete asks for more than the stop it overtakes.
      return reason === "delete" ? enter(state, { kind: "stopping", reason }) : unchanged(state);
    case "ended":
      return unchanged(state);
    default:
      return phase satisfies never;
  }
}
