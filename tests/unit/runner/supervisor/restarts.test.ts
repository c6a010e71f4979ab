import { assertEquals } from "@std/assert";
import {
  type AgentEvent,
  type AgentState,
  type Budget,
  type Effect,
  type ErrorReport,
  INITIAL_STATE,
  type StopReason,
} from "../../../../runner/supervisor/state.ts";
import { transition } from "../../../../runner/supervisor/transition.ts";

/** An agent's state machine, and the effects of all events so far. */
class Life {
  state: AgentState = INITIAL_STATE;
  effects: Effect[] = [];

  constructor(private readonly budget: Budget = { max_restarts: 5, restart_delay: 3 }) {
    this.send({ kind: "start", install: false }, { kind: "loaded" }, { kind: "ready" });
  }

  send(...events: AgentEvent[]): this {
    for (const event of events) {
      const { state, effects } = transition(this.state, event, this.budget);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  crash(reason = "process exited with code 1"): this {
    return this.send({ kind: "exited", reason });
  }

  /** Its restart is due, and it is set up again. */
  restart(): this {
    const { generation } = this.state;
    return this.send({ kind: "restart_due", generation }, { kind: "loaded" }, { kind: "ready" });
  }

  succeed(times: number): this {
    for (let n = 0; n < times; n++) this.send({ kind: "processed" });
    return this;
  }

  fail(consecutive: number): this {
    return this.send({ kind: "failed", phase: "process", error: "boom", traceback: "tb", consecutive });
  }

  get reports(): ErrorReport[] {
    return this.effects.flatMap((effect) => effect.kind === "report_error" ? [effect.report] : []);
  }

  get delaysMs(): number[] {
    return this.effects.flatMap((effect) => effect.kind === "schedule_restart" ? [effect.delayMs] : []);
  }

  get said(): string[] {
    return this.effects.flatMap((effect) => effect.kind === "announce" ? [effect.state] : []);
  }
}

Deno.test("a crashing agent is restarted after 3, 6, 12, 24, 48, 60, 60 s", () => {
  const life = new Life({ max_restarts: 7, restart_delay: 3 });
  for (let n = 0; n < 7; n++) life.crash().restart();
  assertEquals(life.delaysMs, [3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000]);
});

Deno.test("each restart is reported as the contract words it", () => {
  const life = new Life().crash().restart().crash("process was killed by SIGKILL");
  assertEquals(life.reports, [
    {
      phase: "supervisor",
      severity: "warning",
      error: "Agent crashed, restarting in 3.0s (attempt 1/5): process exited with code 1",
      restart_count: 1,
    },
    {
      phase: "supervisor",
      severity: "warning",
      error: "Agent crashed, restarting in 6.0s (attempt 2/5): process was killed by SIGKILL",
      restart_count: 2,
    },
  ]);
});

Deno.test("supervisor gives up after max_restarts, as the contract words it", () => {
  const life = new Life({ max_restarts: 2, restart_delay: 0.5 }).crash().restart().crash().restart().crash(
    "boom",
  );
  assertEquals(life.delaysMs, [500, 1000]);
  const error = "Restart budget exhausted after 3 crashes: boom";
  assertEquals(life.reports.at(-1), { phase: "supervisor", severity: "fatal", error, restart_count: 3 });
  assertEquals(life.state.phase, { kind: "ended", outcome: { kind: "failed", phase: "supervisor", error } });
  assertEquals(life.said, ["running", "restarting", "running", "restarting", "running", "failed"]);
});

Deno.test("an agent with max_restarts 0 fails at its first crash", () => {
  const life = new Life({ max_restarts: 0, restart_delay: 3 }).crash();
  assertEquals([life.state.phase.kind, life.delaysMs], ["ended", []]);
});

Deno.test("a process that cannot be started counts against the same budget", () => {
  const life = new Life({ max_restarts: 1, restart_delay: 3 }).crash();
  life.send({ kind: "restart_due", generation: 1 }, { kind: "launch_failed", error: "no such file" });
  assertEquals(life.reports.at(-1)?.error, "Restart budget exhausted after 2 crashes: no such file");
});

Deno.test("ten process() calls in a row without an error win one restart back, and not below 0", () => {
  const life = new Life().crash().restart().crash().restart();
  assertEquals(life.succeed(9).state.restartCount, 2);
  assertEquals(life.succeed(1).state.restartCount, 1);
  assertEquals(life.succeed(9).state.restartCount, 1);
  assertEquals(life.succeed(1).state.restartCount, 0);
  assertEquals(life.succeed(30).state.restartCount, 0);
});

Deno.test("an error between them, or a restart, begins the ten calls anew", () => {
  const life = new Life().crash().restart().succeed(9).fail(1).succeed(9);
  assertEquals(life.state.restartCount, 1);
  assertEquals(life.crash().restart().succeed(9).state.restartCount, 2);
  assertEquals(life.succeed(1).state.restartCount, 1);
});

Deno.test("a restart won back makes the next delay shorter", () => {
  const life = new Life().crash().restart().crash().restart().succeed(10).crash();
  assertEquals(life.delaysMs, [3000, 6000, 6000]);
});

Deno.test("failures of process() are warnings, critical from the third, and the fifth ends the run", () => {
  const life = new Life();
  for (let n = 1; n <= 5; n++) life.fail(n);
  const base = { phase: "process", error: "boom", traceback: "tb" } as const;
  assertEquals(life.reports, [
    { ...base, severity: "warning", consecutive: 1 },
    { ...base, severity: "warning", consecutive: 2 },
    { ...base, severity: "critical", consecutive: 3 },
    { ...base, severity: "critical", consecutive: 4 },
    { ...base, severity: "critical", consecutive: 5 },
  ]);
  assertEquals(life.effects.at(-1), { kind: "end_process", how: "now" });
  life.crash("process was killed by SIGKILL");
  const error =
    "Agent crashed, restarting in 3.0s (attempt 1/5): process() failed 5 times in a row, last error: boom";
  assertEquals(life.reports.at(-1)?.error, error);
});

Deno.test("an error that nobody caught is told with its traceback at the restart", () => {
  const life = new Life().send({
    kind: "failed",
    phase: "crash",
    error: "boom",
    traceback: "at a.ts:1",
    consecutive: 0,
  });
  assertEquals(life.crash().reports, [{
    phase: "supervisor",
    severity: "warning",
    error: "Agent crashed, restarting in 3.0s (attempt 1/5): boom",
    restart_count: 1,
    traceback: "at a.ts:1",
  }]);
});

Deno.test("an agent that hangs is unresponsive, then restarting", () => {
  const kill = { limit: "unresponsive", measured: 40, allowed: 30, unit: "s" } as const;
  const life = new Life().send({ kind: "hung", error: "unresponsive", kill }).crash();
  assertEquals(life.said, ["running", "unresponsive", "restarting"]);
  assertEquals(life.reports[0]?.error, "Agent crashed, restarting in 3.0s (attempt 1/5): unresponsive");
  assertEquals(life.reports[0]?.kill, kill);
});

for (const phase of ["compile", "setup"] as const) {
  Deno.test(`an error in ${phase} is fatal at once and never retried`, () => {
    const life = new Life();
    life.state = { ...INITIAL_STATE, phase: { kind: phase === "compile" ? "launching" : "setup" } };
    life.send({ kind: "failed", phase, error: "boom", traceback: "tb", consecutive: 0 }).crash();
    assertEquals(life.reports, [{ phase, severity: "fatal", error: "boom", traceback: "tb" }]);
    assertEquals(life.state.phase, { kind: "ended", outcome: { kind: "failed", phase, error: "boom" } });
    assertEquals(life.delaysMs, []);
  });
}

Deno.test("a failed install is fatal and carries no traceback", () => {
  const { effects } = transition(INITIAL_STATE, { kind: "install_failed", error: "no such package" }, {
    max_restarts: 5,
    restart_delay: 3,
  });
  const report: ErrorReport = { phase: "install", severity: "fatal", error: "no such package" };
  assertEquals(effects[0], { kind: "report_error", report });
});

Deno.test("a restart that a newer one has overtaken is stale", () => {
  const life = new Life().crash().restart().crash();
  const before = life.state;
  assertEquals(life.send({ kind: "restart_due", generation: 1 }).state, before);
  assertEquals(life.send({ kind: "restart_due", generation: 2 }).state.phase.kind, "launching");
});

Deno.test("a restart that was due already does not bring a stopped agent back", () => {
  const life = new Life().crash().send({ kind: "stop", reason: "stop" }, {
    kind: "restart_due",
    generation: 1,
  });
  assertEquals(life.state.phase, { kind: "ended", outcome: { kind: "stopped", reason: "stop" } });
});

Deno.test("a delete overtakes a stop, and a stop does not overtake a delete", () => {
  const both = (first: StopReason, second: StopReason) =>
    new Life().send({ kind: "stop", reason: first }, { kind: "stop", reason: second }).crash().state.phase;
  const deleted = { kind: "ended", outcome: { kind: "stopped", reason: "delete" } };
  assertEquals(both("stop", "delete"), deleted as AgentState["phase"]);
  assertEquals(both("delete", "stop"), deleted as AgentState["phase"]);
});

Deno.test("an agent that is stopped while it crashes is not restarted", () => {
  const life = new Life().fail(5).send({ kind: "stop", reason: "stop" }).crash();
  assertEquals([life.state.phase.kind, life.delaysMs, life.said.at(-1)], ["ended", [], "stopped"]);
});

Deno.test("errors of an agent that is being stopped are not its failures", () => {
  const life = new Life().send({ kind: "stop", reason: "stop" }).fail(1).fail(5);
  assertEquals(life.reports, []);
});

Deno.test("pause and resume are said once each, however often they are asked for", () => {
  const life = new Life().send({ kind: "pause" }, { kind: "pause" }, { kind: "resume" }, { kind: "resume" });
  assertEquals(life.said, ["running", "paused", "running"]);
});

Deno.test("an agent that was paused is paused after its restart too", () => {
  const life = new Life().send({ kind: "pause" }).crash().restart();
  assertEquals(life.said, ["running", "paused", "restarting", "paused"]);
});
