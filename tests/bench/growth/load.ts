/** The load of the tables of growth, and how each figure is taken. */
import { Bus } from "../../support/bus.ts";
import { startCounter } from "../counter.ts";
import type { Rig } from "../rig.ts";
import { percentile } from "../stats.ts";
import { cpuSecondsOf } from "../usage.ts";

/** Publishes once a second; and as many numbered messages as it is asked for, as fast as it can. */
export const agentCode = `
async function process(agent) { await agent.publish("growth/" + agent.name, 1); }
async function handle_task(agent, { topic, from, count }) {
  for (let n = from; n < from + count; n++) await agent.publish(topic, n === 0 ? { n, startMs: Date.now() } : { n });
}`;

const MESSAGES = 20_000;
const SPAN_SECONDS = 10;
const LISTS = 20;
const PATIENCE_MS = 300_000;
const TOPIC = "numbers/growth";

/**
 * Hears what nodes say and answer, and nothing of the load, whose topics have two levels. At QoS 0: an acknowledgement
 * on its way would hold the next question back for the 40 ms of a delayed TCP acknowledgement.
 */
export const controlBus = (rig: Rig): Promise<Bus> => rig.own(() => Bus.connect(rig.broker.port, "+/+/+", 0));

/**
 * Subscribes to what agents publish once a second.
 * @returns `all` resolves when each of them has published; it rejects when one has not within five minutes
 */
export async function hear(rig: Rig, names: readonly string[]): Promise<{ readonly all: Promise<void> }> {
  const bus = await rig.bus("growth/+");
  const silent = new Set(names.map((name) => `growth/${name}`));
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(
    () =>
      reject(new Error(`${silent.size} of ${names.length} agents have not published within five minutes`)),
    PATIENCE_MS,
  );
  bus.listen(({ topic }) => {
    bus.forget();
    silent.delete(topic);
    if (silent.size > 0) return;
    clearTimeout(timer);
    resolve();
  });
  // Whoever awaits it hears of a failure.
  all.catch(() => {});
  return { all };
}

/** Processor time of these processes over some seconds, in percent of a core. */
export async function cpuPercent(pids: readonly number[]): Promise<number> {
  const before = await cpuSecondsOf(pids);
  await new Promise((resolve) => setTimeout(resolve, SPAN_SECONDS * 1000));
  return (await cpuSecondsOf(pids) - before) / SPAN_SECONDS * 100;
}

/** From a `list` on that topic until each of the nodes has answered: the median of some, in milliseconds. */
export async function listMs(bus: Bus, topic: string, nodes: readonly string[]): Promise<number> {
  const latencies = [];
  for (let n = 0; n < LISTS; n++) {
    const from = bus.mark();
    const askedMs = performance.now();
    await bus.publish(topic, {}, { qos: 0 });
    for (const node of nodes) await bus.on(`nodes/${node}/agents`, undefined, from);
    latencies.push(performance.now() - askedMs);
  }
  return percentile(latencies, 50);
}

/**
 * All agents at once, as fast as they can, to one subscriber in a process of its own.
 * @returns messages a second, from the first task to the last message
 */
export async function throughput(rig: Rig, names: readonly string[]): Promise<number> {
  const bus = await rig.bus("none");
  const count = Math.floor(MESSAGES / names.length);
  const counter = await rig.own(() => startCounter(rig.broker.port, TOPIC, count * names.length));
  const sentMs = Date.now();
  for (const [index, name] of names.entries()) {
    const payload = { topic: TOPIC, from: index * count, count };
    await bus.publish(`agents/by-name/${name}/task`, { payload });
  }
  const { received, lost, endMs } = await counter.result;
  if (lost > 0) throw new Error(`${lost} messages of ${names.length} agents were lost`);
  return received / (endMs - sentMs) * 1000;
}
