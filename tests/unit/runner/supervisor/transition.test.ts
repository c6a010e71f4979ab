import { assertEquals } from "@std/assert";
import {
  type AgentEvent,
  type AgentState,
  type Effect,
  INITIAL_STATE,
  type Phase,
} from "../../../../runner/supervisor/state.ts";
import { transition } from "../../../../runner/supervisor/transition.ts";

const BUDGET = { max_restarts: 5, restart_delay: 3 };
const FAILED = { kind: "failed", phase: "setup", error: "e" } as const;
const PHASES: Readonly<Record<Phase["kind"], Phase>> = {
  installing: { kind: "installing" },
  launching: { kind: "launching" },
  setup: { kind: "setup" },
  running: { kind: "running" },
  crashing: { kind: "crashing", reason: "why", traceback: "tb", hung: false },
  failing: { kind: "failing", outcome: FAILED },
  waiting: { kind: "waiting", generation: 7 },
  stopping: { kind: "stopping", reason: "stop" },
  ended: { kind: "ended", outcome: FAILED },
};
const error = (phase: "compile" | "setup" | "process" | "crash", consecutive = 0): AgentEvent => ({
  kind: "failed",
  phase,
  error: "e",
  traceback: "tb",
  consecutive,
});
const EVENTS: Readonly<Record<string, AgentEvent>> = {
  start: { kind: "start", install: false },
  "start+install": { kind: "start", install: true },
  installed: { kind: "installed" },
  install_failed: { kind: "install_failed", error: "e" },
  launch_failed: { kind: "launch_failed", error: "e" },
  loaded: { kind: "loaded" },
  ready: { kind: "ready" },
  processed: { kind: "processed" },
  "failed compile": error("compile"),
  "failed setup": error("setup"),
  "failed process 1": error("process", 1),
  "failed process 5": error("process", 5),
  "failed crash": error("crash"),
  hung: { kind: "hung", error: "e", kill: { limit: "unresponsive", measured: 40, allowed: 30, unit: "s" } },
  exited: { kind: "exited", reason: "r" },
  "restart_due 7": { kind: "restart_due", generation: 7 },
  "restart_due 6": { kind: "restart_due", generation: 6 },
  pause: { kind: "pause" },
  resume: { kind: "resume" },
  stop: { kind: "stop", reason: "stop" },
  delete: { kind: "stop", reason: "delete" },
};

/** An effect in a word or two. */
function word(effect: Effect): string {
  switch (effect.kind) {
    case "end_process":
      return `end ${effect.how}`;
    case "schedule_restart":
      return `restart in ${effect.delayMs} #${effect.generation}`;
    case "send":
      return `send ${effect.frame}`;
    case "report_error":
      return `${effect.report.phase} ${effect.report.severity}`;
    case "announce":
      return `say ${effect.state}`;
    case "ended":
      return `ended ${effect.outcome.kind}`;
    default:
      return effect.kind;
  }
}

/** Where an event leads and what is to be done, or "-" when it changes nothing at all. */
function outcome(phase: Phase, event: AgentEvent): string {
  const state: AgentState = { ...INITIAL_STATE, phase, generation: 7 };
  const next = transition(state, event, BUDGET);
  if (next.state === state && next.effects.length === 0) return "-";
  return [next.state.phase.kind, ...next.effects.map(word)].join(", ");
}

const CRASHED = "waiting, supervisor warning, say restarting, restart in 3000 #8";
const FATAL = (phase: string) => `failing, ${phase} fatal, end now`;
const STOPPING = "stopping, end gracefully";
/** What happens where agent code runs. */
const ALIVE = {
  "failed compile": FATAL("compile"),
  "failed setup": FATAL("setup"),
  "failed process 5": "crashing, process critical, end now",
  "failed crash": "crashing, end now",
  hung: "crashing, say unresponsive, end now",
  exited: CRASHED,
  stop: STOPPING,
  delete: STOPPING,
};
/** Everything that is not "-". `start` is left out: it is the first event and comes once. */
const TABLE: Readonly<Record<Phase["kind"], Readonly<Record<string, string>>>> = {
  installing: {
    installed: "launching, launch",
    install_failed: "ended, install fatal, say failed, ended failed",
    pause: "installing",
    stop: "ended, cancel_install, say stopped, ended stopped",
    delete: "ended, cancel_install, say stopped, ended stopped",
  },
  launching: {
    ...ALIVE,
    "failed process 1": "launching, process warning",
    launch_failed: CRASHED,
    loaded: "setup, say running",
    pause: "launching, send pause",
  },
  setup: {
    ...ALIVE,
    "failed process 1": "setup, process warning",
    ready: "running, ready",
    pause: "setup, send pause, say paused",
  },
  running: {
    ...ALIVE,
    "failed process 1": "running, process warning",
    processed: "running",
    pause: "running, send pause, say paused",
  },
  crashing: { exited: CRASHED, pause: "crashing", stop: "stopping", delete: "stopping" },
  failing: {
    exited: "ended, say failed, ended failed",
    pause: "failing",
    stop: "stopping",
    delete: "stopping",
  },
  waiting: {
    "restart_due 7": "launching, launch",
    pause: "waiting",
    stop: "ended, cancel_restart, say stopped, ended stopped",
    delete: "ended, cancel_restart, say stopped, ended stopped",
  },
  stopping: { exited: "ended, say stopped, ended stopped", delete: "stopping" },
  ended: {},
};

for (const [kind, phase] of Object.entries(PHASES)) {
  Deno.test(`an agent that is ${kind} does what the table says at every event, and nothing at the others`, () => {
    for (const [name, event] of Object.entries(EVENTS)) {
      if (event.kind === "start") continue;
      assertEquals(outcome(phase, event), TABLE[phase.kind][name] ?? "-", name);
    }
  });
}

Deno.test("an agent is installed first where it has dependencies, else launched at once", () => {
  assertEquals(outcome(INITIAL_STATE.phase, { kind: "start", install: true }), "installing, install");
  assertEquals(
    outcome(INITIAL_STATE.phase, { kind: "start", install: false }),
    "launching, launch",
  );
});
