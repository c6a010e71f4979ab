/**
 * Learns the usual range of the numbers on a topic, and raises an alert for an unusual one: more than a given number of
 * standard deviations from the mean of the last readings. Each matching topic is learned separately.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic or filter of the readings. */
  readonly topic: string;
  /** Field of a JSON object that holds the number; empty: the payload is the number. */
  readonly field: string;
  /** Number of last readings that define the usual range. */
  readonly window: number;
  /** Readings to learn from before the first alert. */
  readonly learn: number;
  /** Standard deviations from the mean that still count as usual. */
  readonly deviations: number;
  /** Topic for anomalies. */
  readonly output: string;
}

const PARAMETERS: Parameters = {
  "topic": "sensors/temperature",
  "field": "value",
  "window": 60,
  "learn": 20,
  "deviations": 4,
  "output": "anomalies",
};

/** Maximum topics remembered; the one that has been silent longest is forgotten first. */
const MAX_TOPICS = 1000;

export async function setup(agent: Agent): Promise<void> {
  const memory = new Map<string, number[]>();
  await agent.subscribe(PARAMETERS.topic, async (payload, topic) => {
    const value = numberIn(payload);
    if (value !== undefined) await judge(agent, memory, topic, value);
  });
  await agent.set_status(`learning from ${PARAMETERS.topic}`);
}

async function judge(
  agent: Agent,
  memory: Map<string, number[]>,
  topic: string,
  value: number,
): Promise<void> {
  const { window, learn, deviations, output } = PARAMETERS;
  const readings = memory.get(topic) ?? [];
  const { mean, deviation } = describe(readings);
  readings.push(value);
  if (readings.length > window) readings.shift();
  memory.delete(topic);
  memory.set(topic, readings);
  const [oldest] = memory.keys();
  if (memory.size > MAX_TOPICS && oldest !== undefined) memory.delete(oldest);

  // A reading is not compared with itself.
  const distance = Math.abs(value - mean);
  if (readings.length <= learn || distance <= deviations * deviation || distance === 0) return;
  const usual = { mean: round(mean), deviation: round(deviation) };
  await agent.publish(output, { topic, value, ...usual, node: agent.node, timestamp: Date.now() / 1000 });
  await agent.alert(
    `${topic} is ${value}: usual is ${usual.mean} give or take ${usual.deviation}`,
    "warning",
  );
}

function describe(readings: readonly number[]): { mean: number; deviation: number } {
  if (readings.length === 0) return { mean: 0, deviation: 0 };
  const mean = readings.reduce((sum, reading) => sum + reading, 0) / readings.length;
  const variance = readings.reduce((sum, reading) => sum + (reading - mean) ** 2, 0) / readings.length;
  return { mean, deviation: Math.sqrt(variance) };
}

function numberIn(payload: unknown): number | undefined {
  const { field } = PARAMETERS;
  const value = field === "" ? payload : (payload as Record<string, unknown> | null)?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
