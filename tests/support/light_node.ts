/**
 * A stand-in for a node: it answers what operators ask, keeps configs instead of running them, and decides about
 * generations and epochs by the node's own rules. Hundreds of them fit into one process.
 */
import { admission, type Generation, generationFields, generationIn } from "../../protocol/generations.ts";
import { actorId } from "../../protocol/ids.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { epochAfterMove, epochIn, placementVerdict } from "../../protocol/placement.ts";
import { changedFields } from "../../protocol/spawn_changes.ts";
import { topics } from "../../protocol/topics.ts";

export type Say = (topic: string, value: unknown, retain?: boolean) => void;

/** What a node keeps on its disk. */
interface Disk {
  readonly agents: Map<string, JsonObject>;
  generation: Generation | undefined;
  isDone: boolean;
  /** The agents of the generation, and until it is done those of the one before. */
  listed: readonly string[];
  outcomes: Readonly<Record<string, JsonObject>>;
}

export class LightNode {
  /** Off: it hears nothing and says nothing, and keeps its disk. */
  isOn = false;
  readonly disk: Disk = {
    agents: new Map(),
    generation: undefined,
    isDone: true,
    listed: [],
    outcomes: {},
  };
  /** Why it has refused generations, in words. */
  readonly refusals: string[] = [];

  constructor(
    readonly name: string,
    private readonly say: Say,
    readonly labels: Readonly<Record<string, string>> = {},
  ) {}

  /** The epoch of an agent that it has; 0 if its config has none. */
  epochOf(agent: string): number {
    return epochIn(this.disk.agents.get(agent)?.epoch);
  }

  turnOn(): void {
    this.isOn = true;
    this.#say(topics.nodeStatus(this.name), this.#status("online"), true);
    this.beat();
    for (const agent of this.disk.agents.keys()) this.#manifest(agent);
    this.#report();
  }

  /** Its last will is published by the broker. */
  turnOff(): void {
    if (this.isOn) this.#say(topics.nodeStatus(this.name), this.#status("offline"), true);
    this.isOn = false;
  }

  beat(): void {
    const { generation } = this.disk;
    this.#say(topics.nodeHeartbeat(this.name), {
      node: this.name,
      instance: this.name,
      agents: [...this.disk.agents.keys()],
      labels: this.labels,
      generations: generation === undefined ? {} : { [generation.fleet]: generation.tag },
      timestamp: Date.now() / 1000,
    });
  }

  /** Says that its agents run: other nodes hear it. */
  beatAgents(): void {
    for (const name of this.disk.agents.keys()) {
      this.#say(topics.agent(actorId(name), "heartbeat"), {
        name,
        node: this.name,
        state: "running",
        epoch: this.epochOf(name),
      });
    }
  }

  /** @param dies whether it dies in the middle of applying a generation */
  receive(topic: string, payload: Uint8Array, dies = false): void {
    if (!this.isOn || payload.length === 0) return;
    const message: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (!isJsonObject(message)) return;
    const [root, id = "", command = ""] = topic.split("/");
    if (root === "agents") return command === "heartbeat" ? this.#hear(message) : this.#press(message, id);
    if (root !== "nodes" || id !== this.name) return;
    switch (command) {
      case "list":
        this.beat();
        return this.#answer(message, {
          agents: [...this.disk.agents.keys()].map((name) => this.#listed(name)),
        });
      case "inspect":
        return this.#inspect(message);
      case "spawn":
        return this.#spawn(message);
      case "stop":
        this.#remove(String(message.name));
        return this.#answer(message, {});
      case "migrate":
        return this.#migrate(message);
      case "upgrade":
        return this.#answer(message, { from: "1", release: "1", unchanged: true });
      case "desired_state":
        return this.#apply(message, dies);
    }
  }

  #status(status: string): JsonObject {
    return { node: this.name, instance: this.name, status, labels: this.labels };
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

  #listed(name: string): JsonObject {
    return { name, actor_id: actorId(name), state: "running", epoch: this.epochOf(name) };
  }

  #inspect(message: JsonObject): void {
    if (message.recent !== undefined) return this.#answer(message, { lines: [] });
    const config = this.disk.agents.get(String(message.name));
    if (config === undefined) return this.#refuse(message, `Cannot inspect '${message.name}'`);
    this.#answer(message, {
      agent: this.#listed(String(message.name)),
      config,
      persisted: { on: this.name },
      persisted_bytes: 9,
    });
  }

  #spawn({ _reply_topic, _sent, ...config }: JsonObject): void {
    this.#say(topics.nodeLogs(this.name), { type: "spawned", child_name: config.name, message: "started" });
    this.#start(config);
    this.#answer({ _reply_topic }, { agent: config.name });
  }

  #start(config: JsonObject): void {
    this.disk.agents.set(String(config.name), config);
    this.#manifest(String(config.name));
    this.beat();
  }

  #remove(name: string): void {
    if (!this.disk.agents.delete(name)) return;
    this.#say(topics.agent(actorId(name), "manifest"), "", true);
    this.#say(topics.agent(actorId(name), "heartbeat"), { name, node: this.name, state: "stopped" });
    this.beat();
  }

  #manifest(name: string): void {
    const manifest = { name, actor_id: actorId(name), node: this.name, epoch: this.epochOf(name) };
    this.#say(topics.agent(actorId(name), "manifest"), manifest, true);
  }

  /** The agent goes on there at once. */
  #migrate(message: JsonObject): void {
    const [name, target] = [String(message.name), String(message.target_node)];
    const config = this.disk.agents.get(name);
    if (config === undefined) return this.#refuse(message, `Agent '${name}' not found on ${this.name}`);
    const epoch = epochAfterMove(this.epochOf(name), epochIn(message.epoch), Date.now() / 1000);
    this.disk.agents.delete(name);
    this.beat();
    this.#say(topics.node(target, "spawn"), { ...config, epoch });
    this.#answer(message, { success: true });
  }

  #press({ command, _reply_topic }: JsonObject, id: string): void {
    const name = [...this.disk.agents.keys()].find((agent) => actorId(agent) === id);
    if (name === undefined) return;
    if (command === "stop" || command === "delete") this.#remove(name);
    this.#answer({ _reply_topic }, {});
  }

  /** One of its agents runs elsewhere, too. */
  #hear({ name, node, state, epoch }: JsonObject): void {
    if (node === this.name || typeof name !== "string" || !this.disk.agents.has(name)) return;
    const verdict = placementVerdict(this.epochOf(name), { epoch: epochIn(epoch), state: String(state) });
    if (verdict === "yield") this.#yield(name);
  }

  #yield(name: string): void {
    this.disk.agents.delete(name);
    this.beat();
  }

  #apply(message: JsonObject, dies: boolean): void {
    const generation = generationIn(message);
    if (generation === undefined || !Array.isArray(message.agents)) return;
    const { disk } = this;
    const verdict = admission(disk.generation, generation);
    if (verdict.kind === "refuse") {
      this.refusals.push(verdict.reason);
      this.#report({ generation: generation.generation, tag: generation.tag, reason: verdict.reason });
      return this.#refuse(message, verdict.reason);
    }
    if (verdict.kind === "same" && disk.isDone) return this.#answer(message, { unchanged: true });
    const entries = message.agents.filter(isJsonObject);
    const names = entries.map(({ name }) => String(name));
    const others = disk.listed.filter((name) => !names.includes(name));
    Object.assign(disk, { generation, isDone: false, listed: [...names, ...others], outcomes: {} });
    if (dies) return this.turnOff();
    const outcomes: Record<string, JsonObject> = {};
    for (const entry of entries) {
      const name = String(entry.name);
      const before = disk.agents.get(name);
      const isSame = before !== undefined && changedFields(before, entry).length === 0;
      if (!isSame) this.#start(entry);
      outcomes[name] = { state: isSame ? "kept" : "running" };
    }
    for (const name of message.prune === true ? others : []) this.#remove(name);
    Object.assign(disk, { isDone: true, listed: names, outcomes });
    this.#report();
    this.#answer(message, { failed: 0 });
  }

  #report(refused?: JsonObject): void {
    const { generation, isDone, outcomes } = this.disk;
    if (generation === undefined && refused === undefined) return;
    const fields = generation === undefined ? {} : generationFields(generation);
    const { based_on: _basedOn, ...about } = fields as JsonObject;
    this.#say(
      topics.nodeGeneration(this.name, String(generation?.fleet ?? "main")),
      {
        node: this.name,
        ...about,
        done: isDone,
        agents: outcomes,
        ...(refused === undefined ? {} : { refused }),
      },
      true,
    );
  }
}
