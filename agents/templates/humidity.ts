/**
 * Reads relative humidity in thousandths of a percent, as the kernel's industrial I/O provides it for a DHT22, a BME280
 * or similar, and publishes percent.
 *
 * Deno's sandbox blocks `/sys` regardless of the permissions, so the agent reads files there by running `cat`
 * (permission `run`). It reads files elsewhere itself (permission `read`), for instance a sensor that the node's service
 * mounts at another place with `BindReadOnlyPaths=`.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** File with the reading. */
  readonly path: string;
  /** Divisor for the number in the file. */
  readonly divisor: number;
  /** Correction added to the reading, percent. */
  readonly offset: number;
  /** Topic for readings. */
  readonly topic: string;
}

const PARAMETERS: Parameters = {
  "path": "/sys/bus/iio/devices/iio:device0/in_humidityrelative_input",
  "divisor": 1000,
  "offset": 0,
  "topic": "sensors/humidity",
};

export async function setup(agent: Agent): Promise<void> {
  const value = await percent();
  await agent.set_status(`reading ${PARAMETERS.path}`);
  await agent.log(`Humidity sensor ready: ${value} %`);
}

export async function process(agent: Agent): Promise<void> {
  await agent.publish(PARAMETERS.topic, { value: await percent(), unit: "%", node: agent.node });
}

export async function handle_task(): Promise<{ value: number; unit: string }> {
  return { value: await percent(), unit: "%" };
}

async function percent(): Promise<number> {
  const { path, divisor, offset } = PARAMETERS;
  const text = (await read(path)).trim();
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) {
    throw new Error(`${path} holds no number: '${text.slice(0, 40)}'`);
  }
  return Math.round((number / divisor + offset) * 100) / 100;
}

async function read(path: string): Promise<string> {
  if (!/^\/(sys|proc|dev)\//.test(path)) return await Deno.readTextFile(path);
  const { success, stdout, stderr } = await new Deno.Command("/usr/bin/cat", { args: [path] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return new TextDecoder().decode(stdout);
}
