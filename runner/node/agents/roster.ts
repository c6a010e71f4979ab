/** Who should run here: keeps the supervisor and the registry on disk of one mind. */
import { parseSpawnConfig, type SpawnConfig } from "../../../protocol/spawn_config.ts";
import type { Clock } from "../../clock.ts";
import type { PolicyEnforcer } from "../../policy/policy_enforcer.ts";
import type { Registry } from "../../store/registry.ts";
import type { EndedRecord, PreviousAgent, RegistryEntry } from "../../store/registry_entry.ts";
import type { AgentOutcome, AgentState } from "../../supervisor/state.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Reporter } from "../reports/reporter.ts";

export interface RosterParts {
  readonly node: string;
  readonly registry: Registry;
  readonly supervisor: Supervisor;
  readonly reporter: Reporter;
  readonly enforcer: PolicyEnforcer;
  readonly clock: Clock;
}

/** What is special about a start. */
export interface StartOptions {
  /** What runs again should this one fail. */
  readonly previous?: PreviousAgent | undefined;
  /** The migration it comes by: it waits for its old node to let go of it. */
  readonly arriving?: RegistryEntry["arriving"];
  readonly restartCount?: number;
  readonly paused?: boolean;
}

/** An agent that has been started. */
export interface Started {
  readonly agent: SupervisedAgent;
  /** Settles when it is on disk that it should run; rejects when that cannot be written. */
  readonly kept: Promise<void>;
}

/** A restored agent, with what was going on when the last process ended. */
export interface Restored {
  readonly agent: SupervisedAgent;
  readonly entry: RegistryEntry;
}

export class Roster {
  /** `timestamp` of the newest desired_state that has been seen. */
  #desiredSeen: number | undefined;
  #desiredText: string | undefined;

  constructor(private readonly parts: RosterParts) {}

  /** Starts what should run here, without asking anybody. */
  async restore(): Promise<Restored[]> {
    const { registry, reporter, node, supervisor, enforcer } = this.parts;
    if (registry.problem !== undefined) reporter.nodeLog("error", registry.problem);
    const { entries, damages } = await registry.load();
    for (const damage of damages) reporter.nodeLog("error", damage);
    const restored: Restored[] = [];
    for (const [name, entry] of entries) {
      try {
        const config = parseSpawnConfig(entry.config, node, entry.reading);
        await enforcer.check(config);
        enforcer.admit(config, supervisor.agents().length);
        restored.push({ agent: supervisor.start(config, stateOf(entry)), entry });
        reporter.nodeLog("log", `Agent '${name}' runs again on ${node}`, { child_name: name });
      } catch (error) {
        reporter.nodeLog("error", `Cannot bring back agent '${name}': ${(error as Error).message}`, {
          child_name: name,
        });
      }
    }
    return restored;
  }

  /** Starts an agent whose name is free, and keeps it. */
  start(config: SpawnConfig, options: StartOptions = {}): Started {
    const { previous, arriving, restartCount = 0, paused = false } = options;
    const entry: RegistryEntry = {
      config: { ...config.raw },
      restart_count: restartCount,
      paused,
      has_run: false,
      ...(config.reading === "undecided" ? {} : { reading: config.reading }),
      ...(previous === undefined ? {} : { previous }),
      ...(arriving === undefined ? {} : { arriving }),
    };
    const kept = this.parts.registry.save(config.name, entry);
    return { agent: this.parts.supervisor.start(config, stateOf(entry)), kept };
  }

  /** As `start`; that it cannot be kept is said. */
  startAgain(config: SpawnConfig, options: StartOptions): void {
    void this.#report(config.name, this.start(config, options).kept);
  }

  isRunning(agent: string): boolean {
    return this.parts.supervisor.find(agent) !== undefined;
  }

  entryOf(agent: string): RegistryEntry | undefined {
    return this.parts.registry.find(agent);
  }

  endedRecord(agent: string): EndedRecord | undefined {
    return this.parts.registry.endedRecord(agent);
  }

  /** Changes what is kept of an agent. That it cannot be written is said, and changes nothing else. */
  async update(agent: string, change: (entry: RegistryEntry) => RegistryEntry): Promise<void> {
    await this.#report(agent, this.parts.registry.update(agent, change));
  }

  /** As `update`, for what must be on disk before anything else happens. @throws Deno's error when it cannot be */
  async record(agent: string, change: (entry: RegistryEntry) => RegistryEntry): Promise<void> {
    await this.parts.registry.update(agent, change);
  }

  /** Records that the agent is another node's now. @throws Deno's error when it cannot be: it then stays kept here */
  async letGo(agent: string, migration: string): Promise<void> {
    const entry = this.entryOf(agent);
    try {
      await this.parts.registry.remove(agent, this.#endedNow("migrate", migration));
    } catch (error) {
      if (entry !== undefined) await this.#report(agent, this.parts.registry.save(agent, entry));
      throw error;
    }
  }

  /** From now on the agent should not run here; an older message must not bring it back. */
  async forget(agent: string, why: EndedRecord["why"]): Promise<void> {
    await this.#report(agent, this.parts.registry.remove(agent, this.#endedNow(why)));
  }

  /** It runs elsewhere, as before: nothing of it stays here. */
  async drop(agent: string): Promise<void> {
    await this.#report(agent, this.parts.registry.remove(agent));
  }

  /** Whether this process has applied this very desired_state, or is about to. */
  knowsDesired(text: string): boolean {
    return text === this.#desiredText;
  }

  /** A desired_state has come, and is applied now. */
  sawDesired(text: string, timestamp: number | undefined): void {
    this.#desiredText = text;
    if (timestamp === undefined) return;
    this.#desiredSeen = Math.max(this.#desiredSeen ?? timestamp, timestamp);
  }

  /**
   * Whether a retained desired_state is older than the end of `agent` here. Compared by the sender's own clock where
   * it was seen before that end; else by both clocks, the best there is.
   */
  hasEndedSince(agent: string, timestamp: number | undefined): boolean {
    const ended = this.parts.registry.endedRecord(agent);
    if (ended === undefined) return false;
    return timestamp === undefined || timestamp <= (ended.desired_seen ?? ended.at);
  }

  /** Its `setup()` has returned. */
  ready(agent: SupervisedAgent): void {
    // What a bare name in `install` means follows from the language: the packages it has now are of the other one.
    const { language, config } = agent;
    const isFound = language !== undefined && config.install.length === 0;
    const found = isFound ? { reading: language } : {};
    this.#change(
      agent,
      (entry) =>
        entry.has_run && (!isFound || entry.reading === language)
          ? entry
          : { ...entry, has_run: true, ...found },
    );
  }

  /** Resolves when what is known of an agent is on disk. */
  async written(agent: string): Promise<void> {
    await this.parts.registry.flush(agent);
  }

  /** Its state may have changed. */
  sync(agent: SupervisedAgent): void {
    const { restartCount: restart_count, paused } = agent.state;
    this.#change(
      agent,
      (entry) =>
        entry.restart_count === restart_count && entry.paused === paused
          ? entry
          : { ...entry, restart_count, paused },
    );
  }

  /**
   * It has ended by itself. One that has spent its budget, or has never run, is forgotten; one that has run before and
   * cannot start now (a device is not there yet, a package cannot be fetched) is tried again when the node starts.
   */
  ended(agent: SupervisedAgent, outcome: AgentOutcome): void {
    if (outcome.kind === "stopped") return;
    const hasRun = this.entryOf(agent.name)?.has_run === true;
    if (outcome.phase === "supervisor" || !hasRun) {
      void this.#report(agent.name, this.parts.registry.remove(agent.name));
    }
  }

  #change(agent: SupervisedAgent, change: (entry: RegistryEntry) => RegistryEntry): void {
    const entry = this.entryOf(agent.name);
    // An agent that is being replaced has no say any more.
    if (entry === undefined || this.parts.supervisor.find(agent.name) !== agent) return;
    const changed = change(entry);
    if (changed !== entry) void this.#report(agent.name, this.parts.registry.save(agent.name, changed));
  }

  #endedNow(why: EndedRecord["why"], migration?: string): EndedRecord {
    return {
      why,
      at: this.parts.clock.epochSeconds(),
      desired_seen: this.#desiredSeen ?? null,
      ...(migration === undefined ? {} : { migration }),
    };
  }

  async #report(agent: string, written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message =
        `Cannot keep on disk what became of '${agent}': ${reason}. A restart of this node may undo it`;
      this.parts.reporter.nodeLog("error", message, { child_name: agent });
    }
  }
}

function stateOf(entry: RegistryEntry): Partial<AgentState> {
  return {
    restartCount: entry.restart_count,
    paused: entry.paused,
    passage: entry.arriving === undefined ? "open" : "arriving",
  };
}
