/** A broker, a node and a client on the bus, shared by tests that do not disturb each other: each has its own agents. */
import { actorId } from "../../protocol/ids.ts";
import { type AgentReport, topics } from "../../protocol/topics.ts";
import { startEmbedded, type TestBroker } from "./brokers.ts";
import { Bus, type Message } from "./bus.ts";
import { type NodeOptions, NodeProcess } from "./node_process.ts";

// deno-lint-ignore no-explicit-any -- tests look into payloads of every shape
type Json = any;
type Config = Record<string, unknown> & { readonly name: string };

/** How a stage is set up: a broker of the embedded kind and a node with the usual flags, unless told otherwise. */
export interface StageOptions extends Partial<Omit<NodeOptions, "port">> {
  readonly startBroker?: () => Promise<TestBroker>;
}

/** Invariant: the node is connected, and listens. */
export class Stage implements AsyncDisposable {
  private constructor(readonly broker: TestBroker, readonly bus: Bus, readonly node: NodeProcess) {}

  static async set({ startBroker = startEmbedded, ...options }: StageOptions = {}): Promise<Stage> {
    const broker = await startBroker();
    const bus = await Bus.connect(broker.port);
    const node = await NodeProcess.start({ port: broker.port, ...options });
    await bus.on(topics.nodeHeartbeat(node.name));
    return new Stage(broker, bus, node);
  }

  /** An agent by its name, whether it is there or not. */
  agent(name: string): StagedAgent {
    return new StagedAgent(this.bus, name);
  }

  /** Publishes a spawn command and waits for nothing. */
  async launch(config: Config): Promise<StagedAgent> {
    const agent = this.agent(config.name);
    await this.bus.publish(topics.node(this.node.name, "spawn"), {
      node: this.node.name,
      poll_interval: 0.05,
      ...config,
    });
    return agent;
  }

  /** Spawns an agent and waits until it runs. */
  async spawn(config: Config): Promise<StagedAgent> {
    const agent = await this.launch(config);
    await agent.state("running");
    return agent;
  }

  /** Gives a command to the node, and returns its answer on the reply topic. */
  async command(command: Parameters<typeof topics.node>[1], payload: Record<string, unknown>): Promise<Json> {
    return (await this.bus.ask(topics.node(this.node.name, command), payload)).json;
  }

  /** What the node answers to `list`, by agent. */
  async list(): Promise<Map<string, Json>> {
    const { agents } = await this.command("list", {});
    return new Map(agents.map((agent: Json) => [agent.name, agent]));
  }

  /** The first line of the node's own log that fits. */
  nodeLog(predicate: (json: Json) => boolean, from = 0): Promise<Message> {
    return this.bus.on(topics.nodeLogs(this.node.name), (message) => predicate(message.json), from);
  }

  /**
   * What a new subscriber finds retained on `topic`, as text; `""` when there is nothing. Waits for nothing but the
   * broker: a message of its own marks the end of the retained ones.
   */
  async retained(topic: string): Promise<string> {
    await using late = await Bus.connect(this.broker.port, topic);
    await late.publish(topic, "the end of what is retained");
    const first = await late.on(topic);
    return first.retained ? first.text : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node[Symbol.asyncDispose]();
    await this.bus[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** One agent as the bus sees it, from the moment this was made. */
export class StagedAgent {
  readonly id: string;
  readonly #from: number;

  constructor(private readonly bus: Bus, readonly name: string) {
    this.id = actorId(name);
    this.#from = bus.mark();
  }

  /** Its topic for one kind of report. */
  topic(report: AgentReport): string {
    return topics.agent(this.id, report);
  }

  /** The first report of a kind that fits. */
  on(
    report: AgentReport,
    predicate: (json: Json) => boolean = () => true,
    from = this.#from,
  ): Promise<Message> {
    return this.bus.on(this.topic(report), (message) => predicate(message.json), from);
  }

  /** All reports of a kind so far. */
  all(report: AgentReport, from = this.#from): Json[] {
    return this.bus.all(this.topic(report), from).map((message) => message.json);
  }

  /** The agent's change to `state`, told twice: resolves with the heartbeat once the status has come too. */
  async state(state: string, from = this.#from): Promise<Message> {
    const heartbeat = await this.on("heartbeat", (json) => json?.state === state, from);
    await this.on("status", (json) => json.state === state, from);
    return heartbeat;
  }

  /** The log line with exactly this text. */
  logged(message: string, from = this.#from): Promise<Message> {
    return this.on("logs", (json) => json?.message === message, from);
  }

  /** Its changes of state so far. Not from the heartbeats: they come again by themselves. */
  states(from = this.#from): string[] {
    return this.all("status", from).map((json) => json.state);
  }

  /** Gives it a task and returns the reply. */
  async task(payload: unknown): Promise<Json> {
    return (await this.bus.ask(topics.task(this.name), { _remote_task: true, payload })).json;
  }

  /** Presses a button of the dashboard; returns the node's answer. */
  async press(command: string): Promise<Json> {
    return (await this.bus.ask(topics.agentCommands(this.id), { command, sender: "test", timestamp: 1 }))
      .json;
  }
}

/** Laws by name; each gets the stage they share. */
export type Laws = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/**
 * Tests laws on one stage. What is open between two of them is the stage's: leaks are looked for when it is gone.
 */
export function testOnStage(area: string, options: StageOptions, laws: Laws): void {
  Deno.test(area, async (t) => {
    await using stage = await Stage.set(options);
    for (const [name, law] of Object.entries(laws)) {
      const fn = () => law(stage);
      await t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
    }
  });
}
