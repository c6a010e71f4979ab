/** Devices that a config asks for without saying so: by a package that does nothing else than read them. Pure. */
import { parseRequirement } from "../packages/python/requirement.ts";
import type { Devices } from "./devices.ts";

/** By the name of the package. */
const SENSORS: ReadonlyMap<string, readonly string[]> = new Map([
  ["adafruit-circuitpython-dht", ["temperature", "humidity"]],
]);

/** What an agent asks for; sensors that it names itself are all that it gets. */
export function withImplied(devices: Devices, install: readonly string[]): Devices {
  if (devices.sensors.length > 0) return devices;
  const names = install.map((entry) => parseRequirement(entry.replace(/^pypi:/, ""))?.name);
  const sensors = new Set(names.flatMap((name) => SENSORS.get(name ?? "") ?? []));
  return sensors.size === 0 ? devices : Object.freeze({ ...devices, sensors: Object.freeze([...sensors]) });
}
