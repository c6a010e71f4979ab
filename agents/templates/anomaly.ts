/**
 * Learns what is usual for the numbers on a topic, and raises an alert for one that is not: further from the mean of
 * the last readings than so many standard deviations. Each topic that matches has a memory of its own.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic or filter of the readings. */
  readonly topic: string;
  /** The number in a JSON object; without it the payload is the number. */
  readonly field: string;
  /** How many readings make up what is usual. */
  readonly window: number;
  /** Readings before it judges. */
  readonly learn: number;
  /** Standard deviations from the mean that are still usual. */
  readonly deviations: number;
  /** Where anomalies go. */
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

/** Topics that are remembered; the one that has been silent longest is forgotten first. */
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

  // The reading itself is not among those it is compared with.
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
