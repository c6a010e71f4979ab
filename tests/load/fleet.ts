/**
 * `deno task load:fleet`: a broker under as many nodes as `--nodes` says, each with a connection and the subscriptions of
 * its own, that say what a real node says; in figures.
 */
import { delay } from "@std/async/delay";
import { parseArgs } from "@std/cli/parse-args";
import mqtt, { type MqttClient } from "mqtt";
import { ProcStats } from "../../runner/process/proc_stats.ts";
import { describeMachine } from "../bench/machine.ts";
import { percentile } from "../bench/stats.ts";
import { layOut } from "../bench/table.ts";
import type { Product } from "../brokers/cluster.ts";
import { embedded } from "../brokers/products/embedded.ts";
import { mosquitto } from "../brokers/products/mosquitto.ts";
import { PERIOD_MS, type Recording, recordNode } from "./recording.ts";

const PRODUCTS: Readonly<Record<string, Product>> = { mosquitto, embedded };
const BATCH = 25;
const TICK_MS = 20;
const PROBE_MS = 250;

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, { string: ["nodes", "agents", "seconds", "broker"] });
  const [nodes, agents, seconds] = [
    Number(args.nodes ?? 1000),
    Number(args.agents ?? 10),
    Number(args.seconds ?? 30),
  ];
  const product = PRODUCTS[args.broker ?? "mosquitto"];
  if (product === undefined || ![nodes, agents, seconds].every((n) => n >= 1)) {
    say(
      `load:fleet: --nodes, --agents and --seconds are numbers; --broker is ${
        Object.keys(PRODUCTS).join(" or ")
      }`,
    );
    return 2;
  }
  const folder = await Deno.makeTempDir({ prefix: "agentflow-load-" });
  try {
    await using cluster = await product.start(folder);
    const [member] = cluster.members;
    if (member?.pid === undefined) throw new Error("the broker has not started");
    const recording = await recordNode(member.port, agents);
    const rows = await measure(member.port, member.pid, recording, nodes, seconds);
    const machine = await describeMachine();
    say(`${nodes} nodes with ${agents} agents each, for ${seconds} s; ${product.name} as broker.`);
    say(`${machine.cores} cores, ${machine.cpu}, Linux ${machine.kernel}, Deno ${machine.deno}\n`);
    say(layOut(["figure", "value"], rows).join("\n"));
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(
  port: number,
  pid: number,
  recording: Recording,
  nodes: number,
  seconds: number,
): Promise<[string, string][]> {
  const connectMs = performance.now();
  const clients: MqttClient[] = [];
  for (let start = 0; start < nodes; start += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, nodes - start) }, (_, at) => start + at);
    clients.push(...await Promise.all(batch.map((index) => connectNode(port, recording, index))));
  }
  const connectedMs = performance.now() - connectMs;
  const [heard, latencies] = [{ messages: 0, bytes: 0 }, [] as number[]];
  const observer = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 });
  observer.on("message", (topic, payload) => {
    if (topic === "load/probe") return void latencies.push(performance.now() - Number(payload.toString()));
    heard.messages += 1;
    heard.bytes += topic.length + payload.length;
  });
  await observer.subscribeAsync(["nodes/#", "agents/#", "load/#"], { qos: 0 });
  const stats = new ProcStats();
  stats.measure(pid);
  const script = clients.map((client, index) => ({ client, messages: recording.of(index) }));
  const startMs = performance.now();
  let [sent, acknowledged] = [0, 0];
  const saying = setInterval(() => {
    const due = Math.floor((performance.now() - startMs) / PERIOD_MS * nodes * recording.count);
    for (; sent < due; sent++) {
      const one = script[sent % nodes];
      const message = one?.messages[Math.floor(sent / nodes) % recording.count];
      if (one === undefined || message === undefined) continue;
      one.client.publish(message.topic, message.payload, { qos: 1 }, () => acknowledged++);
    }
  }, TICK_MS);
  const probing = setInterval(() => {
    observer.publish("load/probe", String(performance.now()), { qos: 1 });
  }, PROBE_MS);
  await delay(seconds * 1000);
  clearInterval(saying);
  clearInterval(probing);
  const cpu = stats.measure(pid)?.cpu ?? 0;
  const memory = stats.held(pid)?.heldMb ?? 0;
  await delay(1000);
  await Promise.all([observer, ...clients].map((client) => client.endAsync(true)));
  const perSecond = (n: number) => Math.round(n / seconds).toLocaleString("en");
  return [
    ["messages of one node in 10 s", String(recording.count)],
    ["… bytes, topics and payloads", String(recording.bytes)],
    ["connected and subscribed after", `${(connectedMs / 1000).toFixed(1)} s`],
    ["published a second, at QoS 1", perSecond(sent)],
    ["… not acknowledged", String(sent - acknowledged)],
    ["heard by the observer a second", perSecond(heard.messages)],
    ["… KB a second", perSecond(heard.bytes / 1024)],
    ["a message to itself, median", `${percentile(latencies, 50).toFixed(0)} ms`],
    ["… 99th percentile", `${percentile(latencies, 99).toFixed(0)} ms`],
    ["CPU of the broker, of one core", `${cpu.toFixed(0)}%`],
    ["its memory", `${memory.toFixed(0)} MB`],
  ];
}

async function connectNode(port: number, recording: Recording, index: number): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    clientId: `load-${index}`,
    clean: false,
    keepalive: 15,
  });
  await client.subscribeAsync([...recording.filtersOf(index)], { qos: 1 });
  return client;
}

if (import.meta.main) Deno.exit(await main());
