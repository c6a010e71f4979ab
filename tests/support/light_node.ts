/**
 * A stand-in for a node: it answers what operators ask, and keeps configs instead of running them. Hundreds of them fit
 * into one process.
 */
import { actorId } from "../../protocol/ids.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { ALL_NODES } from "../../protocol/names.ts";
import { epochAfterMove, epochIn } from "../../protocol/placement.ts";
import { topics } from "../../protocol/topics.ts";
import { type Clock, systemClock } from "../../runner/clock.ts";
import { type LightAgent, type LightDisk, LightProcess } from "./light_process.ts";

export type Say = (topic: string, value: unknown, retain?: boolean) => void;

export interface LightOptions {
  readonly clock?: Clock;
  /** When it may be changed, as `parseWindow` reads it. */
  readonly window?: string | undefined;
}

/** How long the target of a move may take. */
const MOVE_MS = 30_000;

export class LightNode {
  /** The release of its runner. */
  release = "old";
  /** Off: it hears nothing and says nothing, and keeps its disk. */
  readonly disk: LightDisk = { agents: new Map(), records: new Map(), write: () => Promise.resolve() };
  /** Why it has refused generations, in words. */
  readonly refusals: string[] = [];
  #process: LightProcess | undefined;
  /** Requests to other nodes, by their ids. */
  readonly #moves = new Map<string, () => void>();
  readonly #clock: Clock;

  constructor(
    readonly name: string,
    private readonly say: Say,
    readonly labels: Readonly<Record<string, string>> = {},
    private readonly options: LightOptions = {},
  ) {
    this.#clock = options.clock ?? systemClock;
  }

  get isOn(): boolean {
    return this.#process !== undefined;
  }

  /** Its agents that run. */
  get agents(): readonly LightAgent[] {
    return [...this.#process?.agents.values() ?? []];
  }

  /** The epoch of an agent that it has; 0 if its config has none. */
  epochOf(agent: string): number {
    return epochIn(this.disk.agents.get(agent)?.epoch);
  }

  turnOn(): void {
    this.#process ??= new LightProcess({
      node: this.name,
      disk: this.disk,
      clock: this.#clock,
      window: this.options.window,
      publishReport: (fleet, report) =>
        this.#say(topics.nodeGeneration(this.name, fleet), { node: this.name, ...report }, true),
      log: (type, message, about) => this.#say(topics.nodeLogs(this.name), { ...about, type, message }),
      onStarted: (agent) => {
        this.#manifest(agent);
        this.beat();
      },
      onEnded: (name, reason) => this.#ended(name, reason),
      beat: (agent) => this.#beatOf(agent),
    });
    this.connected();
    for (const { name } of this.agents) this.#process.fleetReports.runs(name);
  }

  /** It is connected, perhaps again. */
  connected(): void {
    this.#say(topics.nodeStatus(this.name), this.#status("online"), true);
    this.beat();
    this.agents.forEach((agent) => this.#manifest(agent));
    this.#process?.fleetReports.connected();
  }

  /** It dies: what it has begun is lost. Its last will is published by the broker. */
  turnOff(): void {
    if (this.isOn) this.#say(topics.nodeStatus(this.name), this.#status("offline"), true);
    this.#process?.kill();
    this.#process = undefined;
    this.#moves.clear();
  }

  beat(): void {
    this.#say(topics.nodeHeartbeat(this.name), {
      node: this.name,
      instance: this.name,
      agents: this.agents.map(({ name }) => name),
      labels: this.labels,
      release: this.release,
      generations: this.#process?.fleetReports.tags ?? {},
      ...this.#window(),
      timestamp: this.#clock.epochSeconds(),
    });
  }

  /** Says that its agents run: other nodes hear it. */
  beatAgents(): void {
    this.agents.forEach((agent) => this.#beatOf(agent));
  }

  receive(topic: string, payload: Uint8Array, retained = false): void {
    if (this.#process === undefined || payload.length === 0) return;
    const message: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (!isJsonObject(message)) return;
    const [root, id = "", command = "", request = ""] = topic.split("/");
    if (root === "agents") {
      return command === "heartbeat"
        ? this.#process.hear({ topic, payload, retained })
        : this.#press(message, id);
    }
    if (root !== "nodes" || (id !== this.name && id !== ALL_NODES)) return;
    switch (command) {
      case "list":
        this.beat();
        return this.#answer(message, {
          node: this.name,
          agents: this.agents.map((one) => this.#listed(one)),
        });
      case "inspect":
        return this.#inspect(message);
      case "spawn":
        return this.#spawn(message);
      case "stop":
        return void this.#process.remove(String(message.name)).then(() => this.#answer(message, {}));
      case "migrate":
        return this.#migrate(message);
      case "reply":
        return this.#moves.get(request)?.();
      case "upgrade":
        return this.#upgrade(message);
      case "desired_state":
        return this.#apply(message);
    }
  }

  /** The new runner takes over at once, and its agents run on. */
  #upgrade(message: JsonObject): void {
    const from = this.release;
    this.release = String(message.release ?? String(message.sha256).slice(0, 16));
    const unchanged = this.release === from;
    this.#answer(message, { from, release: this.release, ...(unchanged ? { unchanged } : {}) });
    if (unchanged) return;
    this.beat();
    this.#say(topics.nodeLogs(this.name), { type: "log", message: "it has passed", upgrade: "passed" });
  }

  #window(): JsonObject {
    return this.options.window === undefined ? {} : { window: this.options.window };
  }

  #status(status: string): JsonObject {
    return { node: this.name, instance: this.name, status, labels: this.labels, ...this.#window() };
  }

  #say(topic: string, value: unknown, retain = false): void {
    if (this.isOn) this.say(topic, value, retain);
  }

  #answer({ _reply_topic: topic }: JsonObject, answer: JsonObject): void {
    if (typeof topic === "string") this.#say(topic, { ok: true, ...answer });
  }

  #refuse({ _reply_topic: topic }: JsonObject, error: string): void {
    if (typeof topic === "string") this.#say(topic, { ok: false, error });
  }

  #find(name: unknown): LightAgent | undefined {
    return this.agents.find((agent) => agent.name === name);
  }

  #listed({ name, config }: LightAgent): JsonObject {
    return { name, actor_id: actorId(name), state: "running", epoch: config.epoch };
  }

  #inspect(message: JsonObject): void {
    if (message.recent !== undefined) return this.#answer(message, { lines: [] });
    const agent = this.#find(message.name);
    if (agent === undefined) return this.#refuse(message, `Cannot inspect '${message.name}'`);
    this.#answer(message, {
      agent: this.#listed(agent),
      config: agent.config.raw,
      persisted: { on: this.name },
      persisted_bytes: 9,
    });
  }

  #spawn({ _reply_topic, _sent, ...config }: JsonObject): void {
    this.#say(topics.nodeLogs(this.name), { type: "spawned", child_name: config.name, message: "started" });
    this.#process?.spawn(config);
    this.#answer({ _reply_topic }, { agent: config.name });
  }

  #manifest({ name, config: { epoch } }: LightAgent): void {
    const manifest = { name, actor_id: actorId(name), node: this.name, epoch };
    this.#say(topics.agent(actorId(name), "manifest"), manifest, true);
  }

  #beatOf(agent: LightAgent): void {
    const placed = this.#process?.placements.report(agent as never);
    const about = { name: agent.name, node: this.name, state: "running" };
    this.#say(topics.agent(agent.actorId, "heartbeat"), { ...about, ...placed });
  }

  #ended(name: string, reason: string): void {
    if (reason !== "yield") {
      this.#say(topics.agent(actorId(name), "manifest"), "", true);
      this.#say(topics.agent(actorId(name), "heartbeat"), { name, node: this.name, state: "stopped" });
    }
    this.beat();
  }

  /** The agent runs on here until the other node has said that it runs there, with a higher epoch. */
  #migrate(message: JsonObject): void {
    const [agent, target] = [this.#find(message.name), String(message.target_node)];
    if (agent === undefined || agent.isMoving || target === this.name) {
      return this.#refuse(message, `Cannot move '${message.name}' from ${this.name} to ${target}`);
    }
    const { name, config } = agent;
    const epoch = epochAfterMove(config.epoch, epochIn(message.epoch), this.#clock.epochSeconds());
    const [id, process] = [crypto.randomUUID(), this.#process];
    const over = new AbortController();
    agent.isMoving = true;
    this.#moves.set(id, () => {
      over.abort();
      void process?.remove(name, "yield").then(() => this.#answer(message, { success: true }));
    });
    this.#say(topics.node(target, "spawn"), {
      ...config.raw,
      node: target,
      epoch,
      _reply_topic: topics.reply(this.name, id),
    });
    void this.#clock.sleep(MOVE_MS, over.signal).then((isLate) => {
      this.#moves.delete(id);
      agent.isMoving = false;
      if (isLate) this.#refuse(message, `node '${target}' does not answer`);
    });
  }

  #press({ command, _reply_topic }: JsonObject, id: string): void {
    const agent = this.agents.find((one) => one.actorId === id);
    if (agent === undefined) return;
    const done = command === "stop" || command === "delete"
      ? this.#process?.remove(agent.name)
      : Promise.resolve();
    void done?.then(() => this.#answer({ _reply_topic }, {}));
  }

  #apply(message: JsonObject): void {
    this.#process?.desiredState(message).then(
      (answer) => this.#answer(message, answer),
      (error: Error) => {
        this.refusals.push(error.message);
        this.#refuse(message, error.message);
      },
    );
  }
}
