/**
 * Reads a temperature sensor of the node, and publishes degrees Celsius. It finds the sensor by itself: the first that the
 * node has of that kind, or the one whose id is given. With `simulate` it makes readings up, for trying things out.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Id of the sensor; `temperature`: the first that the node has. */
  readonly sensor: string;
  /** Whether to publish made-up readings, without a sensor. */
  readonly simulate: boolean;
  /** Correction added to the reading, degrees. */
  readonly offset: number;
  /** Topic for readings. */
  readonly topic: string;
}

interface Measured {
  readonly value: number;
  readonly unit: "C";
  /** The id of the sensor. */
  readonly sensor?: string;
  /** It is made up. */
  readonly simulated?: true;
}

const PARAMETERS: Parameters = {
  "sensor": "temperature",
  "simulate": false,
  "offset": 0,
  "topic": "sensors/temperature",
};

export async function setup(agent: Agent): Promise<void> {
  const { value, sensor = "made-up readings" } = await measure(agent);
  await agent.set_status(`reading ${sensor}`);
  await agent.log(`Temperature sensor ready (${sensor}): ${value} C`);
}

export async function process(agent: Agent): Promise<void> {
  const measured = await measure(agent);
  await agent.reading("temperature", measured.value);
  await agent.publish(PARAMETERS.topic, { ...measured, node: agent.node });
}

export async function handle_task(agent: Agent): Promise<Measured> {
  return await measure(agent);
}

async function measure(agent: Agent): Promise<Measured> {
  if (PARAMETERS.simulate) return { value: rounded(madeUp()), unit: "C", simulated: true };
  const { value, sensor } = await agent.sensor(PARAMETERS.sensor).read();
  return { value: rounded(value), unit: "C", sensor };
}

/** A room: warmer by day than by night, and a little noise. */
function madeUp(): number {
  const day = Date.now() / 86_400_000 * 2 * Math.PI;
  return 21 - 2 * Math.sin(day) + Math.random() * 0.4;
}

function rounded(value: number): number {
  return Math.round((value + PARAMETERS.offset) * 100) / 100;
}
