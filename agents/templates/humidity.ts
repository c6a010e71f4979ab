/**
 * Reads relative humidity in thousandths of a percent, as the kernel's industrial I/O gives it for a DHT22, a BME280
 * and their like, and publishes percent.
 *
 * Deno keeps `/sys` from every program that it confines, whatever is granted: from there, `cat` reads for the agent
 * (permission `run`). A file elsewhere is read by the agent itself (permission `read`), for instance a sensor that
 * the node's service shows at another place by `BindReadOnlyPaths=`.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** File with the reading. */
  readonly path: string;
  /** What the number in the file is divided by. */
  readonly divisor: number;
  /** Added to the reading, percent: a sensor that is known to be off. */
  readonly offset: number;
  /** Where readings go. */
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
