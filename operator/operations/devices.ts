/** Compares the devices that an agent requests with those that a node reports. Pure. */
import { isJsonObject } from "../../protocol/json.ts";
import type { DeviceKind } from "../../protocol/devices/devices.ts";
import { lineOf, noSuchLine } from "../../protocol/devices/gpio.ts";
import { meansSensor, noSuchSensor } from "../../protocol/devices/sensors.ts";
import type { NodeView } from "../fleet/views.ts";

/**
 * Names a device that the node lacks; `undefined` if it has all of them, or does not report its devices.
 * @param devices as in a spawn config
 */
export function missingDevice(node: NodeView | undefined, devices: unknown): string | undefined {
  if (node === undefined || !isJsonObject(devices)) return undefined;
  const { sensors, gpio } = devices as Readonly<Record<string, unknown>>;
  return missing(
    "sensors",
    sensors,
    node.sensors,
    noSuchSensor,
    (entry, has) => has.some((sensor) => meansSensor(entry, sensor)),
  ) ??
    missing("gpio", gpio, node.gpio, noSuchLine, (entry, has) => lineOf(entry, has) !== undefined);
}

function missing<T>(
  kind: DeviceKind,
  asked: unknown,
  has: readonly T[] | undefined,
  inWords: (has: readonly T[]) => string,
  isThere: (entry: string, has: readonly T[]) => boolean,
): string | undefined {
  if (has === undefined || !Array.isArray(asked)) return undefined;
  const entry = asked.map(String).find((entry) => !isThere(entry, has));
  return entry === undefined ? undefined : `devices.${kind} '${entry}': ${inWords(has)}`;
}
