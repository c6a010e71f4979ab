/** Light nodes at a broker, by one connection for all of them. */
import mqtt, { type MqttClient } from "mqtt";
import { isJsonObject } from "../../protocol/json.ts";
import { ALL_NODES } from "../../protocol/names.ts";
import { LightNode, type LightOptions } from "./light_node.ts";

const FILTERS = [
  ...["list", "inspect", "spawn", "stop", "migrate", "reply/+", "upgrade", "desired_state"].map((command) =>
    `nodes/+/${command}`
  ),
  "agents/+/commands",
  "agents/by-name/+/task",
];

export class LightFleet implements AsyncDisposable {
  readonly nodes = new Map<string, LightNode>();

  private constructor(private readonly client: MqttClient) {
    client.on("message", (topic, payload) => this.#deliver(topic, payload));
  }

  /** @param labels of each node, by its name */
  static async start(
    port: number,
    labels: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ): Promise<LightFleet> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 });
    const fleet = new LightFleet(client);
    for (const [name, its] of Object.entries(labels)) fleet.add(name, its);
    await client.subscribeAsync(FILTERS, { qos: 1 });
    for (const node of fleet.nodes.values()) node.turnOn();
    return fleet;
  }

  add(name: string, labels: Readonly<Record<string, string>> = {}, options: LightOptions = {}): LightNode {
    const say = (topic: string, value: unknown, retain = false) =>
      void this.client.publish(topic, typeof value === "string" ? value : JSON.stringify(value), {
        qos: 1,
        retain,
      });
    const node = new LightNode(name, say, labels, options);
    this.nodes.set(name, node);
    return node;
  }

  get(name: string): LightNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes.values()) node.turnOff();
    await this.client.endAsync();
  }

  #deliver(topic: string, payload: Uint8Array): void {
    const [root, id = "", name = ""] = topic.split("/");
    if (root === "agents" && id === "by-name") return this.#task(name, payload);
    if (root === "nodes" && id !== ALL_NODES) return this.nodes.get(id)?.receive(topic, payload);
    for (const node of this.nodes.values()) node.receive(topic, payload);
  }

  /** Every node that has the agent answers, as real ones do. */
  #task(agent: string, payload: Uint8Array): void {
    const task: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (!isJsonObject(task) || typeof task._reply_topic !== "string") return;
    for (const node of this.nodes.values()) {
      if (!node.isOn || !node.disk.agents.has(agent)) continue;
      const reply = JSON.stringify({ from: agent, node: node.name, got: task.payload });
      this.client.publish(task._reply_topic, reply, { qos: 1 });
    }
  }
}
