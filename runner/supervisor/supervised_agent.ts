/** One agent under supervision: carries out what its state machine decides. */
import { actorId } from "../../protocol/ids.ts";
import type { AgentFrame, RunnerFrame } from "../../protocol/frames.ts";
import type { Decided } from "../../protocol/language.ts";
import type { SpawnConfig } from "../../protocol/spawn_config.ts";
import type { Clock } from "../clock.ts";
import { AgentProcess } from "./agent_process.ts";
import { exitReason } from "./exit_reason.ts";
import { HEALTHY_MS } from "./policy.ts";
import type { AgentObserver, ProcessExit, ProcessListener, Runtime } from "./ports.ts";
import {
  type AgentEvent,
  type AgentOutcome,
  type AgentState,
  type Effect,
  INITIAL_STATE,
  type Kill,
  type StopReason,
  type VisibleState,
  visibleState,
} from "./state.ts";
import { transition } from "./transition.ts";
import { limitExceeded, messageOf, oversize, unresponsive } from "./words.ts";

/** What supervision of an agent needs. */
export interface SupervisionParts {
  readonly runtime: Runtime<SupervisedAgent>;
  readonly observer: AgentObserver<SupervisedAgent>;
  readonly clock: Clock;
  /** How long its event loop may fail to answer, in milliseconds. */
  readonly hangTimeoutMs: number;
}

/** Counters of an agent since it was spawned; they outlive its processes. */
export interface Counters {
  processCalls: number;
  messages: number;
  errors: number;
  tasksCompleted: number;
  tasksFailed: number;
}

/**
 * Invariants: events are handled one after the other, each with all its effects started; at most one process runs;
 * once the agent has ended, nothing of it runs or is scheduled.
 */
export class SupervisedAgent {
  readonly name: string;
  readonly actorId: string;
  /** Resolves when the agent has ended. */
  readonly ended: Promise<AgentOutcome>;
  readonly #startedMs: number;
  readonly #counters: Counters = {
    processCalls: 0,
    messages: 0,
    errors: 0,
    tasksCompleted: 0,
    tasksFailed: 0,
  };
  #statusText: string | undefined;
  #hasProcess: boolean | undefined;
  #language: Decided | undefined;
  readonly #process: AgentProcess;
  #state: AgentState;
  #prepared: unknown;
  #installing: AbortController | undefined;
  #restart: AbortController | undefined;
  /** Settles when the last `errors` report has been handled. */
  #reporting: Promise<void> | void = undefined;
  #resolveEnded: (outcome: AgentOutcome) => void = () => {};

  /**
   * @param removed called as the agent ends, before the observer is told
   * @param restored its state from an earlier run
   */
  constructor(
    readonly config: SpawnConfig,
    private readonly parts: SupervisionParts,
    private readonly removed: () => void,
    restored: Partial<AgentState> = {},
  ) {
    this.#state = { ...INITIAL_STATE, ...restored };
    this.name = config.name;
    this.actorId = actorId(config.name);
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
    this.#startedMs = parts.clock.monotonicMs();
    this.#process = new AgentProcess(parts.clock, parts.hangTimeoutMs);
  }

  get state(): AgentState {
    return this.#state;
  }

  get visibleState(): VisibleState | undefined {
    return visibleState(this.#state);
  }

  /** Its process, while there is one. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether the kernel holds its process to its share of the CPU. */
  get isCpuLimited(): boolean {
    return this.#process.isCpuLimited;
  }

  /** Whether the kernel keeps its process from making anything beside its state file. */
  get isStateFixed(): boolean {
    return this.#process.isStateFixed;
  }

  /** Suspends or resumes its process. */
  setStopped(stopped: boolean): void {
    this.#process.setStopped(stopped);
  }

  /** Seconds since it was spawned here. */
  get uptime(): number {
    return (this.parts.clock.monotonicMs() - this.#startedMs) / 1000;
  }

  /** Whether `setup()` has returned in the process that runs now, and nothing holds it back. */
  get isReady(): boolean {
    return this.#state.phase.kind === "running" && !this.isMoving;
  }

  /** Whether it is on its way from or to another node. */
  get isMoving(): boolean {
    return this.#state.passage !== "open";
  }

  /** Whether it is about to be ready: installing, loading, or in `setup()`. */
  get isStarting(): boolean {
    const { kind } = this.#state.phase;
    return kind === "installing" || kind === "launching" || kind === "setup";
  }

  /** Sends a frame to its process; `false` when no process runs, or it does not read. */
  send(frame: RunnerFrame): boolean {
    return this.#process.send(frame);
  }

  start(): void {
    this.parts.observer.onStarted(this);
    this.#dispatch({ kind: "start", install: this.parts.runtime.needsInstall(this.config) });
  }

  /** Stops it for good. Resolves when it has ended. */
  async stop(reason: StopReason): Promise<AgentOutcome> {
    this.#dispatch({ kind: "stop", reason });
    return await this.ended;
  }

  get counters(): Readonly<Counters> {
    return this.#counters;
  }

  /** The last `set_status` text since its process was started. */
  get statusText(): string | undefined {
    return this.#statusText;
  }

  /** Whether the code that runs has a `process()`; unknown before it is loaded. */
  get hasProcess(): boolean | undefined {
    return this.#hasProcess;
  }

  /** The language of its code, where that is known only once the code is loaded. */
  get language(): Decided | undefined {
    return this.#language;
  }

  /** Adds one to a counter. */
  count(what: keyof Counters): void {
    this.#counters[what] += 1;
  }

  setStatusText(text: string): void {
    this.#statusText = text;
  }

  pause(): void {
    this.#dispatch({ kind: "pause" });
  }

  resume(): void {
    this.#dispatch({ kind: "resume" });
  }

  /** Ends its process over a limit; the ordinary restart follows. */
  kill(kill: Kill, error = limitExceeded(kill)): void {
    this.#kill(kill, { kind: "failed", phase: "crash", error, traceback: "", consecutive: 0, kill });
  }

  #kill(kill: Kill, event: AgentEvent): void {
    const before = this.#state;
    this.#dispatch(event);
    if (this.#state !== before) this.parts.observer.onKilled(this, kill);
  }

  /** Holds it for a move to another node. Resolves once none of its code runs. */
  async hold(): Promise<void> {
    const held = this.#process.whenHeld();
    this.#dispatch({ kind: "hold" });
    await held;
  }

  /** It stays, or has arrived: it resumes. */
  release(): void {
    this.#dispatch({ kind: "release" });
  }

  #dispatch(event: AgentEvent): void {
    const { state, effects } = transition(this.#state, event, this.config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { observer } = this.parts;
    switch (effect.kind) {
      case "install":
        return void this.#install();
      case "cancel_install":
        return this.#installing?.abort();
      case "launch":
        return void this.#launch();
      case "end_process":
        return this.#process.end(effect.how);
      case "schedule_restart":
        return void this.#scheduleRestart(effect.delayMs, effect.generation);
      case "cancel_restart":
        return this.#restart?.abort();
      case "send":
        return void this.send({ t: effect.frame });
      case "report_error":
        this.#counters.errors += 1;
        this.#reporting = observer.onError(this, effect.report);
        return;
      case "announce":
        return observer.onState(this, effect.state);
      case "ready":
        return observer.onReady(this);
      case "ended":
        this.removed();
        observer.onEnded(this, effect.outcome);
        return this.#resolveEnded(effect.outcome);
      default:
        effect satisfies never;
    }
  }

  async #install(): Promise<void> {
    const installing = this.#installing = new AbortController();
    try {
      this.#prepared = await this.parts.runtime.install(this.config, installing.signal);
      this.#dispatch({ kind: "installed" });
    } catch (error) {
      this.#dispatch({ kind: "install_failed", error: messageOf(error) });
    }
  }

  async #launch(): Promise<void> {
    const { runtime, observer } = this.parts;
    let launched: { readonly exited: Promise<ProcessExit> };
    try {
      launched = await this.#process.launch(
        () => runtime.launch(this, this.#prepared, this.#listener()),
        (seconds) => this.#onHung(seconds),
      );
    } catch (error) {
      // A stop that came in the meantime waits for the exit of a process that never started.
      const stopped = this.#state.phase.kind === "stopping";
      return this.#dispatch(
        stopped
          ? { kind: "exited", reason: "never ran" }
          : { kind: "launch_failed", error: messageOf(error) },
      );
    }
    if (this.#state.phase.kind === "stopping") this.#process.end("now");
    if (this.#state.passage === "leaving") this.send({ t: "hold" });
    const { description, stderrTail, kill } = await launched.exited;
    this.#statusText = undefined;
    const reason = exitReason(description, stderrTail);
    if (kill !== undefined) observer.onKilled(this, kill);
    observer.onExit(this, reason);
    this.#dispatch({ kind: "exited", reason, kill });
  }

  #onHung(seconds: number): void {
    const measured = Math.round(seconds * 10) / 10;
    const kill: Kill = {
      limit: "unresponsive",
      measured,
      allowed: this.parts.hangTimeoutMs / 1000,
      unit: "s",
    };
    this.#kill(kill, { kind: "hung", error: unresponsive(seconds), kill });
  }

  /** An agent without `process()` earns restarts back by time. */
  async #earnBack(): Promise<void> {
    const { over } = this.#process;
    while (this.#state.restartCount > 0 && await this.parts.clock.sleep(HEALTHY_MS, over)) {
      this.#dispatch({ kind: "healthy" });
      this.parts.observer.onHealthy(this);
    }
  }

  async #scheduleRestart(delayMs: number, generation: number): Promise<void> {
    const restart = this.#restart = new AbortController();
    if (await this.parts.clock.sleep(delayMs, restart.signal)) {
      this.#dispatch({ kind: "restart_due", generation });
    }
  }

  #listener(): ProcessListener {
    const { observer } = this.parts;
    return {
      onFrame: (frame) => this.#onFrame(frame),
      onOutput: (stream, line) => observer.onLog(this, stream === "stderr" ? "error" : "info", line),
      onOversize: (start, limit) => void observer.onLog(this, "error", oversize(start, limit)),
      onHeld: (message) => void observer.onLog(this, "warning", `Throttled by the node: ${message}`),
    };
  }

  #onFrame(frame: AgentFrame): Promise<void> | void {
    switch (frame.t) {
      case "loaded":
        this.#hasProcess = frame.process;
        this.#language = frame.language;
        if (!frame.process && this.#state.phase.kind === "launching") void this.#earnBack();
        return this.#dispatch({ kind: "loaded" });
      case "ready":
        return this.#dispatch({ kind: "ready" });
      case "processed":
        this.#counters.processCalls += 1;
        this.#dispatch({ kind: "processed" });
        return this.parts.observer.onProcessed(this);
      case "held":
        return this.#process.held();
      case "error":
        this.#dispatch({ ...frame, kind: "failed" });
        // Agent code can forge any number of these: they get the same back-pressure as its other output.
        return this.#reporting;
      case "pong":
        return this.#process.answered(frame.n);
      default:
        return this.parts.observer.onTraffic(this, frame);
    }
  }
}
