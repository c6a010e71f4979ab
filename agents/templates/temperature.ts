/**
 * Reads a temperature in thousandths of a degree, as Linux provides it, and publishes degrees Celsius. Works with the
 * processor's own sensor, a 1-Wire DS18B20, a DHT22, or any other sensor with a kernel driver.
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
  /** Correction added to the reading, degrees. */
  readonly offset: number;
  /** Topic for readings. */
  readonly topic: string;
}

const PARAMETERS: Parameters = {
  "path": "/sys/class/thermal/thermal_zone0/temp",
  "divisor": 1000,
  "offset": 0,
  "topic": "sensors/temperature",
};

export async function setup(agent: Agent): Promise<void> {
  const value = await celsius();
  await agent.set_status(`reading ${PARAMETERS.path}`);
  await agent.log(`Temperature sensor ready: ${value} C`);
}

export async function process(agent: Agent): Promise<void> {
  await agent.publish(PARAMETERS.topic, { value: await celsius(), unit: "C", node: agent.node });
}

export async function handle_task(): Promise<{ value: number; unit: string }> {
  return { value: await celsius(), unit: "C" };
}

async function celsius(): Promise<number> {
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
