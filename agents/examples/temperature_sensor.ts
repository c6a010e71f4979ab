/**
 * A sensor: one reading on `sensors/temperature` every `poll_interval` seconds.
 *
 *     mosquitto_sub -t sensors/temperature
 *
 * Replace `read()` by the driver of a real sensor.
 */
import type { Agent } from "../types.d.ts";

/** Called once, before the first `process()`. */
export async function setup(agent: Agent): Promise<void> {
  await agent.log("DHT22 sensor agent ready");
}

/** Called every `poll_interval` seconds. */
export async function process(agent: Agent): Promise<void> {
  const value = read();
  await agent.publish("sensors/temperature", { value, unit: "C", node: agent.node });
  await agent.log(`Temperature: ${value}C`);
}

/** Degrees Celsius, to a tenth: 20 give or take 2. */
function read(): number {
  return Math.round((20 + Math.random() * 4 - 2) * 10) / 10;
}
