/** Runs the self-test's agents with the real runtime and supervisor, in folders that are removed afterwards. */
import { join } from "@std/path";
import { parseSpawnConfig } from "../../protocol/spawn_config.ts";
import { AgentRuntime } from "../agent_runtime.ts";
import type { Clock } from "../clock.ts";
import { PolicyEnforcer } from "../policy/policy_enforcer.ts";
import { DEFAULT_POLICY } from "../policy/policy.ts";
import { InstallGuard } from "../install/install_guard.ts";
import { Installer } from "../install/installer.ts";
import { PythonInstaller } from "../install/python/installer.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { systemNet } from "../process/system_net.ts";
import { noCgroups } from "../process/cgroups.ts";
import type { Wrappers } from "../process/wrapper.ts";
import { Secrets } from "../secrets/secrets.ts";
import { StateFiles } from "../store/state_files.ts";
import type { AgentObserver, TrafficFrame } from "../supervisor/ports.ts";
import type { SupervisedAgent } from "../supervisor/supervised_agent.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { Trial, type TrialEvent } from "./trial.ts";

export interface StageParts {
  readonly deno: string;
  /** Absolute. */
  readonly workDir: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly heapMb: number;
  readonly stateBytes: number;
  readonly hangTimeoutMs: number;
  readonly walls: boolean;
  readonly clock: Clock;
}

const NODE = "selftest";
/** Agents may reach only the broker's address. Nothing has to listen there: nobody connects. */
const BROKER = parseBroker("127.0.0.1", 1);

/** One behaviour that agents must show on this machine. */
export interface Scenario {
  /** The description in the report. */
  readonly name: string;
  /** @throws Error with the reason, for the operator, if it fails */
  readonly run: (stage: Stage) => Promise<void>;
}

/** Invariant: none of its agents runs when it has been disposed of. */
export class Stage implements AsyncDisposable {
  /** Where the agents' state files are. */
  readonly stateDir: string;
  readonly workDir: string;
  readonly deno: string;
  readonly #supervisor: Supervisor;
  readonly #runtime: AgentRuntime;
  readonly #trials = new Map<string, Trial>();
  #timeUp: AbortSignal = AbortSignal.abort("not on stage");

  constructor(parts: StageParts) {
    const { deno, workDir, stateDir, walls, clock, heapMb, stateBytes, hangTimeoutMs } = parts;
    this.stateDir = stateDir;
    this.workDir = workDir;
    this.deno = deno;
    const guard = new InstallGuard({ clock, wrappers: async () => (await this.#runtime.prepared).wrappers });
    this.#runtime = new AgentRuntime({
      net: systemNet,
      node: NODE,
      broker: BROKER,
      workDir,
      deno,
      walls,
      clock,
      heapMb,
      memoryMb: Infinity,
      cgroups: noCgroups("this is a test"),
      stateBytes,
      durable: false,
      // None of these agents has anything to install.
      installer: new Installer({ deno, dir: join(workDir, "installs"), env: {}, guard }),
      python: new PythonInstaller({
        deno,
        guard,
        dir: join(workDir, "python"),
        env: {},
        wheels: undefined,
        indexUrl: "https://pypi.org/simple/",
        onFetch: () => {},
      }),
      enforcer: new PolicyEnforcer(DEFAULT_POLICY),
      env: {},
      stateFiles: new StateFiles(stateDir),
      peers: () => [],
      secrets: Secrets.none(),
      onLaunched: () => {},
      onSecretsDenied: () => {},
      onDenied: () => {},
      onStateDamaged: (agent, message) => this.#record(agent, { kind: "said", message }),
    });
    this.#supervisor = new Supervisor({
      runtime: this.#runtime,
      clock,
      hangTimeoutMs,
    }).observedBy(this.#observer());
  }

  /** @throws Error with the reason, for the operator, when no agent can run here */
  async wrappers(): Promise<Wrappers> {
    return (await this.#runtime.prepared).wrappers;
  }

  /**
   * Runs a scenario, then ends its agents, and waits for them until `timeUp` is aborted.
   * @throws Error with the reason, for the operator, when it fails
   */
  async play(scenario: Scenario, timeUp: AbortSignal): Promise<void> {
    this.#timeUp = timeUp;
    await this.#runtime.prepared;
    try {
      await scenario.run(this);
    } finally {
      await this.#supervisor.stopAll("shutdown");
    }
  }

  /** Spawns an agent with this code; `config` holds further fields. */
  spawn(code: string, config: Readonly<Record<string, unknown>> = {}): Trial {
    const name = `agent-${this.#trials.size + 1}`;
    const trial = new Trial(this.#timeUp);
    this.#trials.set(name, trial);
    const defaults = { poll_interval: 0.005, restart_delay: 0.005 };
    trial.agent = this.#supervisor.start(parseSpawnConfig({ name, code, ...defaults, ...config }, NODE));
    return trial;
  }

  /** Whether the supervisor still counts the agent as running. */
  isSupervised(trial: Trial): boolean {
    return trial.agent !== undefined && this.#supervisor.agents().includes(trial.agent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor.stopAll("shutdown");
  }

  #observer(): AgentObserver<SupervisedAgent> {
    return {
      onStarted: () => {},
      onReady: () => {},
      onProcessed: () => {},
      onHealthy: () => {},
      onKilled: () => {},
      onExit: () => {},
      onState: (agent, state) => this.#record(agent, { kind: "state", state }),
      onError: (agent, report) => this.#record(agent, { kind: "error", report }),
      onEnded: (agent, outcome) => this.#record(agent, { kind: "ended", outcome }),
      onLog: (agent, _level, message) => this.#record(agent, { kind: "said", message }),
      onTraffic: (agent, frame) => this.#onTraffic(agent, frame),
    };
  }

  #onTraffic(agent: SupervisedAgent, frame: TrafficFrame): void {
    if (frame.t === "log") return this.#record(agent, { kind: "said", message: frame.message });
    if (frame.t !== "publish" || !("text" in frame)) return;
    const { topic, text } = frame;
    this.#record(agent, { kind: "published", topic, text, restartCount: agent.state.restartCount });
  }

  #record(agent: SupervisedAgent, event: TrialEvent): void {
    this.#trials.get(agent.name)?.record(event);
  }
}
