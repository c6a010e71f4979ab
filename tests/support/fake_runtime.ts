/** Agents' processes that do what a test says, and an observer that writes down what it is told. */
import type { AgentFrame, RunnerFrame } from "../../protocol/frames.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../protocol/spawn_config.ts";
import type {
  AgentObserver,
  ProcessListener,
  RunningProcess,
  Runtime,
} from "../../runner/supervisor/ports.ts";
import type { Kill } from "../../runner/supervisor/state.ts";
import type { SupervisedAgent } from "../../runner/supervisor/supervised_agent.ts";
import { settled } from "./fake_clock.ts";

/** A process that runs nothing. It ends when it is told to, unless `stubborn`. */
export class FakeProcess implements RunningProcess {
  readonly sent: RunnerFrame[] = [];
  readonly stops: boolean[] = [];
  readonly ends: ("gracefully" | "now")[] = [];
  readonly exited: Promise<{ description: string; stderrTail: string }>;
  /** What `send` answers. */
  accepts = true;
  #resolve: (exit: { description: string; stderrTail: string }) => void = () => {};

  constructor(readonly pid: number, readonly listener: ProcessListener, private readonly stubborn: boolean) {
    this.exited = new Promise((resolve) => this.#resolve = resolve);
  }

  send(frame: RunnerFrame): boolean {
    if (this.accepts) this.sent.push(frame);
    return this.accepts;
  }

  setStopped(stopped: boolean): void {
    this.stops.push(stopped);
  }

  end(how: "gracefully" | "now"): void {
    this.ends.push(how);
    if (!this.stubborn || how === "now") {
      this.exit(how === "now" ? "was killed by SIGKILL" : "exited with code 0");
    }
  }

  /** It ends by itself. */
  exit(description: string, stderrTail = ""): void {
    this.#resolve({ description, stderrTail });
  }

  /** It says something. */
  says(...frames: AgentFrame[]): void {
    for (const frame of frames) void this.listener.onFrame(frame);
  }
}

/** Starts fakes. */
export class FakeRuntime implements Runtime<SupervisedAgent> {
  readonly processes: FakeProcess[] = [];
  readonly installs: { config: SpawnConfig; signal: AbortSignal; done: PromiseWithResolvers<unknown> }[] = [];
  /** What the next launches fail with. */
  launchError: Error | undefined;
  /** Launches wait for this. */
  launchGate: Promise<void> = Promise.resolve();
  /** Processes end by SIGKILL alone. */
  stubborn = false;

  needsInstall(config: SpawnConfig): boolean {
    return config.install.length > 0;
  }

  install(config: SpawnConfig, signal: AbortSignal): Promise<unknown> {
    const done = Promise.withResolvers<unknown>();
    signal.addEventListener("abort", () => done.reject(new Error("aborted")));
    this.installs.push({ config, signal, done });
    return done.promise;
  }

  async launch(_agent: SupervisedAgent, _prepared: unknown, listener: ProcessListener): Promise<FakeProcess> {
    await this.launchGate;
    if (this.launchError !== undefined) throw this.launchError;
    const process = new FakeProcess(1000 + this.processes.length, listener, this.stubborn);
    this.processes.push(process);
    return process;
  }

  /** The process started last, which has to be there. */
  get last(): FakeProcess {
    const process = this.processes.at(-1);
    if (process === undefined) throw new Error("no process has been started");
    return process;
  }

  /** Waits until what was asked for is under way; then the last process has loaded and set up its agent. */
  async ready(): Promise<FakeProcess> {
    await settled();
    this.last.says({ t: "loaded", process: true }, { t: "ready" });
    return this.last;
  }
}

/** Writes down what it is told, in words: `crash: state running`. */
export class RecordingObserver implements AgentObserver<SupervisedAgent> {
  readonly seen: string[] = [];

  onStarted(agent: SupervisedAgent): void {
    this.seen.push(`${agent.name}: started`);
  }
  onState(agent: SupervisedAgent, state: string): void {
    this.seen.push(`${agent.name}: state ${state}`);
  }
  onError(agent: SupervisedAgent, report: { phase: string; severity: string; error: string }): void {
    this.seen.push(`${agent.name}: ${report.phase} ${report.severity}: ${report.error}`);
  }
  onReady(agent: SupervisedAgent): void {
    this.seen.push(`${agent.name}: ready`);
  }
  onProcessed(): void {}
  onHealthy(): void {}
  onKilled(agent: SupervisedAgent, { limit, measured, allowed, unit }: Kill): void {
    this.seen.push(`${agent.name}: killed: ${limit} ${measured} of ${allowed} ${unit}`);
  }
  onExit(agent: SupervisedAgent): void {
    this.seen.push(`${agent.name}: exit`);
  }
  onEnded(agent: SupervisedAgent, outcome: { kind: string }): void {
    this.seen.push(`${agent.name}: ended ${outcome.kind}`);
  }
  onTraffic(agent: SupervisedAgent, frame: { t: string }): void {
    this.seen.push(`${agent.name}: traffic ${frame.t}`);
  }
  onLog(agent: SupervisedAgent, level: string, message: string): void {
    this.seen.push(`${agent.name}: log ${level}: ${message}`);
  }

  /** What was told since the last call. */
  take(): string[] {
    return this.seen.splice(0);
  }
}

/** A spawn config with what a test does not care about filled in. */
export function config(name: string, fields: Readonly<Record<string, unknown>> = {}): SpawnConfig {
  return parseSpawnConfig({ name, code: "// nothing", ...fields }, "node-1");
}
