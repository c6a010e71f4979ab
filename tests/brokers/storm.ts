/** Nodes whose agents publish all the time, while one member after another is killed: what is lost, and who is late. */
import { delay } from "@std/async/delay";
import mqtt, { type MqttClient } from "mqtt";
import { topics } from "../../protocol/topics.ts";
import { until } from "../support/until.ts";
import type { Scene } from "./scene.ts";

export interface StormSize {
  readonly nodes: number;
  readonly kills: number;
  /** Between two kills, seconds. */
  readonly everySeconds: number;
}

export interface StormResult {
  /** Messages that a broker has acknowledged to an agent. */
  readonly acknowledged: number;
  /** Of those, the ones that the observer never got. */
  readonly lost: number;
  /** For each node that lost its member: until it was connected again, and said so, milliseconds. */
  readonly awayMs: readonly number[];
  /** Nodes that were not heard again after a kill. */
  readonly missing: number;
}

/** Publishes numbers, and knows how many of them have been acknowledged. */
const code = (topic: string) =>
  `let acked = 0;
  async function process(agent) {
    await agent.publish(${JSON.stringify(topic)} + agent.name, acked);
    acked += 1;
  }
  const handle_task = () => ({ acked });`;

/** How long a node may take in the end, and the observer to get what waits for it. */
const PATIENCE_MS = 30_000;

export async function storm(
  scene: Scene,
  { nodes: count, kills, everySeconds }: StormSize,
  say: (line: string) => void = () => {},
): Promise<StormResult> {
  const root = `laws/${scene.name("storm")}/`;
  await using observer = await Observer.connect(scene, root);
  const names = Array.from({ length: count }, (_, index) => `storm${index}`);
  const agents: string[] = [];
  for (const name of names) {
    const node = await scene.node(name, { broker: scene.addresses });
    const agent = scene.name(`agent-${name}`);
    await scene.spawn(await scene.bus(0), node, { name: agent, code: code(root) });
    agents.push(agent);
  }
  const awayMs: number[] = [];
  let missing = 0;
  for (let kill = 0; kill < kills; kill++) {
    const at = kill % scene.size;
    const address = `mqtt://${scene.address(at)}`;
    const hit = names.map((name) => scene.name(name)).filter((node) => observer.homes.get(node) === address);
    const killedMs = Date.now();
    await scene.member(at).kill();
    await delay(Math.min(5, everySeconds / 2) * 1000);
    await scene.member(at).start();
    await until("every node is back", () => hit.every((node) => observer.seenMs(node, killedMs) > 0))
      .catch(() => {});
    const times = hit.map((node) => observer.seenMs(node, killedMs) - killedMs);
    awayMs.push(...times.filter((ms) => ms > 0));
    missing += times.filter((ms) => !(ms > 0)).length;
    say(
      `  member ${at + 1} killed: ${hit.length} nodes lost it, back after ${
        times.map(Math.round).join(", ")
      } ms`,
    );
    await delay(Math.max(0, killedMs + everySeconds * 1000 - Date.now()));
  }
  const bus = await scene.reader(0, "tests/#");
  let [acknowledged, lost] = [0, 0];
  for (const agent of agents) {
    const { acked } = (await bus.ask(topics.task(agent), { _remote_task: true, payload: null })).json;
    const got = observer.numbers.get(agent) ?? new Set();
    const gone = () => Array.from({ length: acked }, (_, n) => n).filter((n) => !got.has(n)).length;
    await until(`everything from ${agent}`, () => gone() === 0, PATIENCE_MS).catch(() => {});
    acknowledged += acked;
    lost += gone();
  }
  return { acknowledged, lost, awayMs, missing };
}

/** A client with a session of its own, which goes to another member when its own is killed. */
class Observer implements AsyncDisposable {
  /** By agent, the numbers that came. */
  readonly numbers = new Map<string, Set<number>>();
  /** By node, the address that it is connected to. */
  readonly homes = new Map<string, string>();
  /** When nodes said that they are connected, by their own clocks. */
  readonly #heard: { readonly node: string; readonly ms: number }[] = [];

  private constructor(private readonly client: MqttClient) {
    client.on("message", (topic, payload) => this.#take(topic, new TextDecoder().decode(payload)));
  }

  static async connect(scene: Scene, root: string): Promise<Observer> {
    const servers = [2, 1, 0].slice(-scene.size).map((index) => {
      const { port } = scene.member(index);
      return { host: "127.0.0.1", port, protocol: "mqtt" as const };
    });
    const client = mqtt.connect({
      servers,
      clientId: scene.name("observer"),
      protocolVersion: 4,
      clean: false,
      reconnectPeriod: 200,
      connectTimeout: 3000,
      keepalive: 5,
    });
    client.on("error", () => {});
    await new Promise((resolve) => client.once("connect", resolve));
    await client.subscribeAsync([`${root}#`, "nodes/+/heartbeat"], { qos: 1 });
    return new Observer(client);
  }

  /** When a node said first after `sinceMs` that it is connected; 0 if it has not. */
  seenMs(node: string, sinceMs: number): number {
    return this.#heard.find((one) => one.node === node && one.ms > sinceMs)?.ms ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }

  #take(topic: string, text: string): void {
    if (topic.startsWith("nodes/")) {
      const { node, connected_to: address, timestamp } = JSON.parse(text);
      if (typeof address !== "string") return;
      this.homes.set(node, address);
      this.#heard.push({ node, ms: timestamp * 1000 });
      return;
    }
    const agent = topic.split("/").at(-1) ?? "";
    const numbers = this.numbers.get(agent) ?? new Set();
    this.numbers.set(agent, numbers.add(Number(text)));
  }
}
