/** What chaos is made in: a broker, two nodes on links of their own, and an observer that hears everything. */
import type { Bus, Message } from "../support/bus.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { wrongClock } from "../support/clocks.ts";
import { NodeProcess } from "../support/node_process.ts";
import { type Acknowledged, AGENTS, configOf, type Said, topicOf } from "./agents.ts";
import { type BrokerKind, ChaosBroker } from "./broker.ts";
import { type NodeName, NODES } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { childrenOf, thoseLeft } from "./orphans.ts";

export type Outbox = "memory" | "disk";

/** A migration that is not seen to succeed by then is given up. */
const MIGRATE_TIMEOUT_SECONDS = 3;
/** Agents must be gone so long after their runner was killed. */
const ORPHAN_MS = 2000;
const ASK_AGAIN_MS = 400;
/** Longer than any recovery should take on a busy machine. */
export const PATIENCE_MS = 60_000;

/** An agent as a node lists it. */
interface Listed {
  readonly name: string;
  readonly pid?: number | null;
}

/**
 * Invariant: the observer is subscribed whenever a node is connected, so that what it has not heard, the node has
 * not said.
 */
export class Field implements AsyncDisposable {
  readonly ledgers: ReadonlyMap<string, Ledger> = new Map(
    AGENTS.map(({ name, habit }) => [name, new Ledger(name, habit)]),
  );
  readonly #nodes = new Map<NodeName, NodeProcess>();
  readonly #shown = new Map<NodeName, string>();
  #orphanChecks: Promise<number>[] = [];
  #brokerIsAway = false;

  private constructor(
    readonly broker: ChaosBroker,
    readonly bus: Bus,
    readonly links: Readonly<Record<NodeName, LinkProxy>>,
    private readonly stateDir: string,
    readonly outbox: Outbox,
  ) {
    bus.listen((message) => this.#hear(message));
  }

  static async start(outbox: Outbox, kind: BrokerKind): Promise<Field> {
    const broker = await ChaosBroker.start(kind);
    const bus = await broker.observe();
    const links = { a: LinkProxy.listen(broker.port), b: LinkProxy.listen(broker.port) };
    const stateDir = await Deno.makeTempDir({ prefix: "agentflow-chaos-" });
    const field = new Field(broker, bus, links, stateDir, outbox);
    await Promise.all(NODES.map((node) => field.startRunner(node)));
    await Promise.all(NODES.map((node) => bus.on(`nodes/${node}/heartbeat`)));
    for (const [index, agent] of AGENTS.entries()) {
      await field.#nodes.get(NODES[index % NODES.length] ?? "a")?.spawn(bus, configOf(agent));
    }
    return field;
  }

  /** What the nodes have logged last. */
  get log(): string[] {
    return [...this.#nodes].flatMap(([node, { stderr }]) =>
      stderr.slice(-12).map((line) => `${node}: ${line}`)
    );
  }

  /** Whether readers of the broker's retained messages take every node for what it is. */
  get allShownOnline(): boolean {
    return NODES.every((node) => this.#shown.get(node) === "online");
  }

  async killBroker(): Promise<void> {
    this.#brokerIsAway = true;
    await this.broker.kill();
    // Nobody is let in again before the observer is.
    for (const link of Object.values(this.links)) link.cut();
  }

  async launchBroker(): Promise<void> {
    await this.broker.launch();
    await this.#observerIsBack();
    this.#brokerIsAway = false;
    for (const link of Object.values(this.links)) link.restore();
  }

  /** Mends what was cut or stalled. While the broker is away that comes with the broker. */
  restoreLink(node: NodeName): void {
    if (!this.#brokerIsAway) this.links[node].restore();
  }

  async killRunner(node: NodeName): Promise<void> {
    const process = this.#nodes.get(node);
    if (process === undefined) return;
    const agents = childrenOf(process.pid);
    await process.end("SIGKILL");
    this.#orphanChecks.push(thoseLeft(agents, ORPHAN_MS).then((left) => left.length));
  }

  /** @param clockWrongByMs how wrong the runner's wall clock is */
  async startRunner(node: NodeName, clockWrongByMs = 0): Promise<void> {
    this.#nodes.set(
      node,
      await NodeProcess.start({
        port: this.links[node].port,
        name: node,
        stateDir: `${this.stateDir}/${node}`,
        args: ["--migrate-timeout", String(MIGRATE_TIMEOUT_SECONDS), "--outbox", this.outbox],
        ...(clockWrongByMs === 0 ? {} : wrongClock(clockWrongByMs)),
      }),
    );
  }

  /** How many agents have outlived their runner since the last call. */
  async orphans(): Promise<number> {
    const checks = this.#orphanChecks.splice(0);
    return (await Promise.all(checks)).reduce((sum, left) => sum + left, 0);
  }

  /** Gives `agent` a task, until it has answered. */
  async askAgent(
    agent: string,
  ): Promise<Omit<Said, "n" | "at"> & { readonly acknowledged: Acknowledged | null }> {
    const reply = await this.#ask(
      `agents/by-name/${agent}/task`,
      { _remote_task: true, payload: {} },
      (json) => typeof json?.nonce === "string",
    );
    this.ledgers.get(agent)?.answered(reply.json);
    return reply.json;
  }

  /** The nodes that say they have `agent`, each with the process that it runs in. */
  async hostsOf(agent: string): Promise<{ readonly node: NodeName; readonly pid: number | undefined }[]> {
    const lists = await Promise.all(NODES.map(async (node) => {
      const { json } = await this.#ask(`nodes/${node}/list`, {}, (list) => list?.ok === true);
      const found = (json.agents as Listed[]).find(({ name }) => name === agent);
      return found === undefined ? [] : [{ node, pid: found.pid ?? undefined }];
    }));
    return lists.flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes.values()) await node.end("SIGKILL");
    for (const link of Object.values(this.links)) await link[Symbol.asyncDispose]();
    await this.orphans();
    await this.bus[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
    await Deno.remove(this.stateDir, { recursive: true });
  }

  /** Asks again when there is no answer: the question may have died with the broker. */
  async #ask(
    topic: string,
    payload: Record<string, unknown>,
    // deno-lint-ignore no-explicit-any -- as in Message
    fits: (json: any) => boolean,
  ): Promise<Message> {
    const replyTopic = `tests/reply/${crypto.randomUUID()}`;
    const from = this.bus.mark();
    const answer = this.bus.find(
      `answer on ${topic}`,
      (message) => message.topic === replyTopic && fits(message.json),
      from,
      PATIENCE_MS,
    );
    const asking = setInterval(() => void ask(), ASK_AGAIN_MS);
    const ask = () => this.bus.publish(topic, { ...payload, _reply_topic: replyTopic });
    void ask();
    try {
      return await answer;
    } finally {
      clearInterval(asking);
    }
  }

  async #observerIsBack(): Promise<void> {
    const topic = `tests/observer/${crypto.randomUUID()}`;
    const knocking = setInterval(() => void this.bus.publish(topic, "here", { qos: 0 }), 20);
    try {
      await this.bus.on(topic);
    } finally {
      clearInterval(knocking);
    }
  }

  #hear({ topic, json }: Message): void {
    for (const [agent, ledger] of this.ledgers) if (topic === topicOf(agent)) ledger.came(json);
    for (const node of NODES) if (topic === `nodes/${node}/status`) this.#shown.set(node, json?.status);
  }
}
