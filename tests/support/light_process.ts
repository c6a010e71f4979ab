/**
 * The process of a stand-in for a node: the node's own code decides what becomes of a generation, when it may be applied,
 * and which of two agents of one name stays. An agent that starts is written down instead of run.
 */
import { actorId } from "../../protocol/ids.ts";
import type { JsonObject } from "../../protocol/json.ts";
import { parseSpawnConfig, type SpawnConfig } from "../../protocol/spawn_config.ts";
import { parseWindow } from "../../protocol/window.ts";
import type { Clock } from "../../runner/clock.ts";
import type { IncomingMessage } from "../../runner/link/link.ts";
import { ChangeWindows } from "../../runner/node/agents/change_windows.ts";
import { FleetReports } from "../../runner/node/agents/fleet_reports.ts";
import { Placements } from "../../runner/node/agents/placements.ts";
import type { Answer, CommandContext } from "../../runner/node/commands/command.ts";
import { desiredState } from "../../runner/node/commands/desired_state.ts";
import type { GenerationRecord } from "../../runner/store/generations.ts";
import type { SupervisedAgent } from "../../runner/supervisor/supervised_agent.ts";
import { Turns } from "../../runner/turns.ts";

/** What is left of a node that has died. */
export interface LightDisk {
  readonly agents: Map<string, JsonObject>;
  readonly records: Map<string, GenerationRecord>;
  /** How long a write takes; what is not written when the node dies is lost. */
  write: () => Promise<void>;
}

/** What a stand-in for an agent has of one. */
export interface LightAgent {
  readonly name: string;
  readonly actorId: string;
  readonly config: SpawnConfig;
  readonly state: { readonly restartCount: number; readonly paused: boolean; readonly passage: "open" };
  readonly isStarting: false;
  isMoving: boolean;
  /** @param reason `yield`: it runs elsewhere */
  stop(reason: string): Promise<void>;
}

export interface LightProcessParts {
  readonly node: string;
  readonly disk: LightDisk;
  readonly clock: Clock;
  /** When the node may be changed, as `parseWindow` reads it. */
  readonly window: string | undefined;
  readonly publishReport: (fleet: string, report: Answer) => void;
  readonly log: (type: string, message: string, about?: JsonObject) => void;
  readonly onStarted: (agent: LightAgent) => void;
  readonly onEnded: (name: string, reason: string) => void;
  /** Sends a heartbeat of the agent. */
  readonly beat: (agent: LightAgent) => void;
}

/** Invariant: once it has been killed, it changes nothing. */
export class LightProcess {
  readonly agents = new Map<string, LightAgent>();
  readonly fleetReports: FleetReports;
  readonly placements: Placements;
  readonly #records: Map<string, GenerationRecord>;
  readonly #windows: ChangeWindows;
  readonly #context: CommandContext;
  #isDead = false;
  readonly #death = new AbortController();

  constructor(private readonly parts: LightProcessParts) {
    const { node, disk, window } = parts;
    const clock = until(this.#death.signal, parts.clock);
    this.#records = new Map(disk.records);
    const turns = new Turns();
    const generations = this.#generations();
    this.fleetReports = new FleetReports({
      generations: generations as unknown as CommandContext["generations"],
      clock,
      publish: (fleet, report) => this.#isDead || parts.publishReport(fleet, report),
      onProblem: (message) => parts.log("error", message),
    });
    this.#windows = new ChangeWindows(clock, window === undefined ? undefined : parseWindow(window));
    const find = (name: string) => this.agents.get(name) as unknown as SupervisedAgent | undefined;
    const roster = { start: this.#start, forget: this.#forget };
    this.placements = new Placements({
      node,
      clock,
      key: { seal: () => "" } as never,
      peers: { believe: () => Promise.resolve(true) },
      find: (id) => [...this.agents.values()].find((agent) => agent.actorId === id) as never,
      beat: (agent) => this.#isDead || parts.beat(agent as unknown as LightAgent),
      turns,
      forget: this.#forget,
      say: (agent, message) => parts.log("error", message, { child_name: agent.name }),
    });
    this.#context = {
      identity: { name: node },
      turns,
      generations,
      fleetReports: this.fleetReports,
      changeWindows: this.#windows,
      supervisor: { find, agents: () => [...this.agents.values()] },
      roster,
      enforcer: { check: () => Promise.resolve(), admit: () => {} },
      updates: { previousOf: () => Promise.resolve({}), begin: () => {} },
      reporter: { nodeLog: parts.log },
      isClosing: () => false,
    } as unknown as CommandContext;
    for (const config of disk.agents.values()) this.#run(parseSpawnConfig(config, node));
  }

  /** It is dead from now on. */
  kill(): void {
    this.#isDead = true;
    this.#death.abort();
    this.#windows[Symbol.dispose]();
  }

  /** @throws Error with the node's reason */
  async desiredState(json: JsonObject): Promise<Answer> {
    return await desiredState(this.#context, {
      topic: `nodes/${this.parts.node}/desired_state`,
      text: JSON.stringify(json),
      json,
      retained: false,
    });
  }

  /** A heartbeat of an agent that may be another's. */
  hear(message: IncomingMessage): void {
    this.placements.receive(message);
  }

  /** Starts an agent, or replaces it. */
  spawn(config: JsonObject): void {
    void this.#start(parseSpawnConfig(config, this.parts.node)).kept;
  }

  /** @param reason as of `LightAgent.stop` */
  async remove(name: string, reason = "stop"): Promise<void> {
    const agent = this.agents.get(name);
    if (agent === undefined) return;
    await this.#forget(name);
    await agent.stop(reason);
  }

  readonly #start = (config: SpawnConfig) => {
    const { disk, onStarted } = this.parts;
    const agent = this.#run(config);
    if (this.#isDead) return { agent, kept: never() };
    onStarted(agent);
    // Its setup takes no time.
    queueMicrotask(() => this.#isDead || this.fleetReports.runs(config.name));
    return { agent, kept: this.#write(() => disk.agents.set(config.name, { ...config.raw })) };
  };

  #run(config: SpawnConfig): LightAgent {
    const { name } = config;
    const agent: LightAgent = {
      name,
      actorId: actorId(name),
      config,
      state: { restartCount: 0, paused: false, passage: "open" },
      isStarting: false,
      isMoving: false,
      stop: (reason) => {
        if (this.#isDead) return never();
        if (this.agents.get(name) === agent) this.agents.delete(name);
        if (!this.agents.has(name) && !this.parts.disk.agents.has(name)) this.parts.onEnded(name, reason);
        return Promise.resolve();
      },
    };
    if (!this.#isDead) this.agents.set(name, agent);
    return agent;
  }

  readonly #forget = (name: string): Promise<void> =>
    this.#write(() => void this.parts.disk.agents.delete(name));

  #generations() {
    const records = this.#records;
    return {
      get all() {
        return [...records.values()];
      },
      find: (fleet: string) => records.get(fleet),
      note: (record: GenerationRecord) => void records.set(record.fleet, record),
      save: (record: GenerationRecord) => {
        records.set(record.fleet, record);
        return this.#write(() => void this.parts.disk.records.set(record.fleet, record));
      },
    };
  }

  async #write(change: () => void): Promise<void> {
    if (this.#isDead) return await never();
    await this.parts.disk.write();
    if (this.#isDead) return await never();
    change();
  }
}

/** What a dead process waits for. */
function never(): Promise<void> {
  return new Promise(() => {});
}

/** A clock whose sleeps end with the process that sleeps. */
function until(death: AbortSignal, clock: Clock): Clock {
  const either = (signal?: AbortSignal) => signal === undefined ? death : AbortSignal.any([death, signal]);
  return {
    epochSeconds: () => clock.epochSeconds(),
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, either(signal)),
    rest: (ms, signal) => clock.rest(ms, either(signal)),
  };
}
