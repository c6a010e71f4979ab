/** Compares what an agent asks for with what a node says it has. Pure. */
import { isJsonObject } from "../../protocol/json.ts";
import { meansSensor, noSuchSensor } from "../../protocol/devices/sensors.ts";
import type { NodeView } from "../fleet/views.ts";

/**
 * What the node does not have; `undefined` where it has all, or does not say what it has.
 * @param devices as in a spawn config
 */
export function missingDevice(node: NodeView | undefined, devices: unknown): string | undefined {
  const has = node?.sensors;
  if (has === undefined || !isJsonObject(devices)) return undefined;
  const { sensors } = devices as Readonly<Record<string, unknown>>;
  const asked = Array.isArray(sensors) ? sensors.map(String) : [];
  const entry = asked.find((entry) => !has.some((sensor) => meansSensor(entry, sensor)));
  return entry === undefined ? undefined : `devices.sensors '${entry}': ${noSuchSensor(has)}`;
}
