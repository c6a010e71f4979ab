/** The agents that should run here: keeps the supervisor and the registry on disk consistent. */
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

/** Options of a start. */
export interface StartOptions {
  /** The config to run again if this start fails. */
  readonly previous?: PreviousAgent | undefined;
  /** The migration it arrives by: it waits until its old node releases it. */
  readonly arriving?: RegistryEntry["arriving"];
  /** The digest of the spawn that asks for it. */
  readonly spawn?: string;
  readonly restartCount?: number;
  readonly paused?: boolean;
}

/** An agent that has been started. */
export interface Started {
  readonly agent: SupervisedAgent;
  /** Settles when it is on disk that it should run; rejects when that cannot be written. */
  readonly kept: Promise<void>;
}

/** A restored agent, with its state when the last process ended. */
export interface Restored {
  readonly agent: SupervisedAgent;
  readonly entry: RegistryEntry;
}

export class Roster {
  /** `timestamp` of the newest desired_state that has been seen. */
  #desiredSeen: number | undefined;
  #desiredText: string | undefined;

  constructor(private readonly parts: RosterParts) {}

  /** Starts the agents that should run here. */
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

  /** Starts an agent whose name is free, and stores it. */
  start(config: SpawnConfig, options: StartOptions = {}): Started {
    const { previous, arriving, restartCount = 0, paused = false } = options;
    // A restart, or an update, comes from the same spawn.
    const spawn = options.spawn ?? this.entryOf(config.name)?.spawn;
    const entry: RegistryEntry = {
      config: { ...config.raw },
      restart_count: restartCount,
      paused,
      has_run: false,
      ...(config.reading === "undecided" ? {} : { reading: config.reading }),
      ...(spawn === undefined ? {} : { spawn }),
      ...(previous === undefined ? {} : { previous }),
      ...(arriving === undefined ? {} : { arriving }),
    };
    const kept = this.parts.registry.save(config.name, entry);
    return { agent: this.parts.supervisor.start(config, stateOf(entry)), kept };
  }

  /** As `start`; reports it if the agent cannot be stored. */
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

  /** Changes an agent's stored entry. A failed write is reported, and has no other effect. */
  async update(agent: string, change: (entry: RegistryEntry) => RegistryEntry): Promise<void> {
    await this.#report(agent, this.parts.registry.update(agent, change));
  }

  /** As `update`, for what must be on disk before anything else happens. @throws Deno's error when it cannot be */
  async record(agent: string, change: (entry: RegistryEntry) => RegistryEntry): Promise<void> {
    await this.parts.registry.update(agent, change);
  }

  /** Records that the agent now belongs to another node. @throws Deno's error on failure: it then stays stored here */
  async letGo(agent: string, migration: string): Promise<void> {
    const entry = this.entryOf(agent);
    try {
      await this.parts.registry.remove(agent, this.#endedNow(agent, "migrate", migration));
    } catch (error) {
      if (entry !== undefined) await this.#report(agent, this.parts.registry.save(agent, entry));
      throw error;
    }
  }

  /** Records that the agent should not run here; an older message must not bring it back. */
  async forget(agent: string, why: EndedRecord["why"]): Promise<void> {
    await this.#report(agent, this.parts.registry.remove(agent, this.#endedNow(agent, why)));
  }

  /** Forgets an agent that still runs elsewhere. */
  async drop(agent: string): Promise<void> {
    await this.#report(agent, this.parts.registry.remove(agent));
  }

  /** Whether this process has applied this very desired_state, or is about to. */
  knowsDesired(text: string): boolean {
    return text === this.#desiredText;
  }

  /** Records the desired_state that is being applied. */
  sawDesired(text: string, timestamp: number | undefined): void {
    this.#desiredText = text;
    if (timestamp === undefined) return;
    this.#desiredSeen = Math.max(this.#desiredSeen ?? timestamp, timestamp);
  }

  /**
   * Whether a retained desired_state is older than the end of `agent` here. Compared by the sender's own clock if
   * it was seen before that end; otherwise by both clocks, as the best approximation.
   */
  hasEndedSince(agent: string, timestamp: number | undefined): boolean {
    const ended = this.parts.registry.endedRecord(agent);
    if (ended === undefined) return false;
    return timestamp === undefined || timestamp <= (ended.desired_seen ?? ended.at);
  }

  /** Whether `agent` was started by this very spawn, and has ended since. */
  hasEndedAfter(agent: string, spawn: string): boolean {
    return this.parts.registry.endedRecord(agent)?.spawn === spawn;
  }

  /** Its `setup()` has returned. */
  ready(agent: SupervisedAgent): void {
    // The language decides what a bare name in `install` means: its current packages are for the other language.
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

  /** Resolves when an agent's entry is on disk. */
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
   * The agent has ended by itself. If it has spent its budget or has never run, it is forgotten. If it has run before
   * and cannot start now (a missing device, a package that cannot be fetched), it is tried again when the node starts.
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
    // The end of an agent that is being replaced has no effect.
    if (entry === undefined || this.parts.supervisor.find(agent.name) !== agent) return;
    const changed = change(entry);
    if (changed !== entry) void this.#report(agent.name, this.parts.registry.save(agent.name, changed));
  }

  #endedNow(agent: string, why: EndedRecord["why"], migration?: string): EndedRecord {
    // An agent that ends twice was still started by the same spawn.
    const spawn = this.entryOf(agent)?.spawn ?? this.endedRecord(agent)?.spawn;
    return {
      why,
      at: this.parts.clock.epochSeconds(),
      desired_seen: this.#desiredSeen ?? null,
      ...(spawn === undefined ? {} : { spawn }),
      ...(migration === undefined ? {} : { migration }),
    };
  }

  async #report(agent: string, written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message =
        `Cannot store the state of agent '${agent}' on disk: ${reason}. A restart of this node may undo the change`;
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
