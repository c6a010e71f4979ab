/** What a law has to work with: members of one broker, and clients and nodes at the members that it chooses. */
import { parseBrokers } from "../../protocol/broker/broker_url.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import { topics } from "../../protocol/topics.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import type { Cluster, Member } from "./cluster.ts";

/** All that laws wait for: on some brokers # brings messages of the broker's own, too. */
const FILTERS = ["nodes/#", "agents/#", "laws/#", "tests/#"];

export interface SceneNode {
  /** Where it connects: a member's `address`, or all `addresses`. */
  readonly broker: string;
  /** Kept by the law, to start the node again. */
  readonly stateDir?: string;
  /** The member whose clients must have heard of it; by default the first. */
  readonly seenAt?: number;
}

/** Invariant: names are this scene's own. Members are counted round: a broker with one member is its own neighbour. */
export class Scene implements AsyncDisposable {
  readonly #things = new AsyncDisposableStack();
  readonly #buses = new Map<number, Promise<Bus>>();
  readonly #nodes: NodeProcess[] = [];
  readonly #id = crypto.randomUUID().slice(0, 6);

  constructor(private readonly cluster: Cluster) {}

  get size(): number {
    return this.cluster.members.length;
  }

  member(index: number): Member {
    const member = this.cluster.members[index % this.size];
    if (member === undefined) throw new Error("A broker without members");
    return member;
  }

  address(index: number): string {
    return `127.0.0.1:${this.member(index).port}`;
  }

  /** All of them, as `--broker` takes them. */
  get addresses(): string {
    return this.cluster.members.map((_, index) => this.address(index)).join(",");
  }

  /** All of them, as programs take them. */
  get broker(): BrokerUrl {
    return parseBrokers(this.addresses, undefined);
  }

  /** A name that nobody else on the broker has. */
  name(part: string): string {
    return `${part}-${this.#id}`;
  }

  /** A client at a member that hears everything, at QoS 0: it waits for no broker. The same for the whole scene. */
  bus(index = 0): Promise<Bus> {
    const at = index % this.size;
    let bus = this.#buses.get(at);
    if (bus === undefined) this.#buses.set(at, bus = this.#connect(at));
    return bus;
  }

  /** A client at a member that misses nothing on `topic`. */
  async reader(index: number, topic: string): Promise<Bus> {
    return this.#things.use(await Bus.connect(this.member(index).port, topic));
  }

  /** Starts a node, and waits until it has been heard. */
  async node(part: string, { broker, stateDir, seenAt = 0 }: SceneNode): Promise<NodeProcess> {
    const bus = await this.bus(seenAt);
    const from = bus.mark();
    const node = this.#things.use(
      await NodeProcess.start({
        name: this.name(part),
        port: 1883,
        args: ["--broker", broker],
        ...(stateDir === undefined ? {} : { stateDir }),
      }),
    );
    this.#nodes.push(node);
    await bus.on(topics.nodeHeartbeat(node.name), undefined, from);
    return node;
  }

  /** A folder that goes with the scene. */
  async folder(): Promise<string> {
    const path = await Deno.makeTempDir({ prefix: "agentflow-scene-" });
    this.#things.defer(() => Deno.remove(path, { recursive: true }));
    return path;
  }

  /** Spawns an agent through a member's client, not retained, and waits until it runs. */
  async spawn(
    bus: Bus,
    node: NodeProcess,
    config: Readonly<Record<string, unknown>> & { readonly name: string },
  ): Promise<void> {
    const from = bus.mark();
    await bus.publish(topics.node(node.name, "spawn"), { poll_interval: 0.2, ...config });
    await running(bus, config.name, from);
  }

  /** What its nodes have logged last, for whoever looks why a law does not hold. */
  get lastWords(): string[] {
    return this.#nodes.flatMap(({ name, stderr }) => stderr.slice(-8).map((line) => `${name}: ${line}`));
  }

  use<T extends AsyncDisposable>(thing: T): T {
    return this.#things.use(thing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#things.disposeAsync();
  }

  async #connect(at: number): Promise<Bus> {
    return this.#things.use(await Bus.connect(this.member(at).port, FILTERS, 0));
  }
}

/** The next sign that an agent runs. */
export function running(bus: Bus, agent: string, from: number, node?: string): Promise<Message> {
  return bus.find(
    `running heartbeat of ${agent}`,
    ({ topic, json }) =>
      topic.endsWith("/heartbeat") && json?.name === agent && json.state === "running" &&
      (node === undefined || json.node === node),
    from,
  );
}
