/** The sensors that the kernel has drivers for, as `/sys` lists them. Reads file names, but no sensor. */
import { basename, dirname, join } from "@std/path";
import {
  type Sensor,
  SENSOR_KINDS,
  SENSOR_SOURCES,
  sensorKindOf,
  type SensorSource,
} from "../../protocol/devices/sensors.ts";
import { type Channel, hwmonChannel, iioChannel } from "./channels.ts";

/** A sensor, and the file with its reading. */
export interface FoundSensor extends Sensor {
  readonly source: SensorSource;
  /** Absolute. */
  readonly file: string;
  readonly channel: Channel;
}

/** More than any board has: bounds the work if the folder is made up. */
const MAX_SENSORS = 256;

/** Drivers whose sensors measure the machine itself, not its surroundings. */
const MACHINE =
  /^(?:acpitz|amdgpu|coretemp|cpu|drivetemp|gpu|iwlwifi|k10temp|nouveau|nvme|pch|radeon|rp1|rpi|soc|x86|zenpower)/;

/** Families of 1-Wire thermometers: DS18S20, DS1822, DS18B20, MAX31850, DS28EA00. */
const WIRE_THERMOMETER = /^(?:10|22|28|3b|42)-[0-9a-f]{12}$/i;

/** @param sys where the kernel shows its devices: `/sys` */
export async function findSensors(sys: string): Promise<FoundSensor[]> {
  const bySource: Readonly<Record<SensorSource, () => Promise<FoundSensor[]>>> = {
    iio: () => inFolders(join(sys, "bus/iio/devices"), /^iio:device\d+$/, "iio", iioChannel, parentOf),
    w1: () => wireThermometers(join(sys, "bus/w1/devices")),
    hwmon: () => inFolders(join(sys, "class/hwmon"), /^hwmon\d+$/, "hwmon", hwmonChannel, deviceOf),
    thermal: () => thermalZones(join(sys, "class/thermal")),
  };
  const found = await Promise.all(SENSOR_SOURCES.map((source) => bySource[source]()));
  const all = withoutDoubles(found.flat()).slice(0, MAX_SENSORS);
  return [...all.filter(({ of }) => of === "surroundings"), ...all.filter(({ of }) => of === "machine")];
}

async function inFolders(
  root: string,
  pattern: RegExp,
  source: "iio" | "hwmon",
  channelIn: (file: string) => Channel | undefined,
  deviceName: (folder: string) => Promise<string>,
): Promise<FoundSensor[]> {
  const found: FoundSensor[] = [];
  for (const entry of await namesIn(root, pattern)) {
    const folder = join(root, entry);
    const [name, device, files] = await Promise.all([
      textOf(join(folder, "name")),
      deviceName(folder),
      namesIn(folder, /_(?:input|raw)$/),
    ]);
    const channels = files.flatMap((file) => {
      const channel = channelIn(file);
      return channel === undefined ? [] : [{ file, channel }];
    });
    for (const { file, channel } of channels) {
      // Prefer the driver's computed value to the converter's raw one.
      if (
        channel.isRaw && channels.some((other) => !other.channel.isRaw && other.channel.name === channel.name)
      ) {
        continue;
      }
      const id = `${source}/${device}/${channel.name}`;
      found.push(...sensor(source, id, name, join(folder, file), channel));
    }
  }
  return found;
}

async function wireThermometers(root: string): Promise<FoundSensor[]> {
  const found: FoundSensor[] = [];
  for (const entry of await namesIn(root, WIRE_THERMOMETER)) {
    const file = join(root, entry, "w1_slave");
    found.push(...sensor("w1", `w1/${entry}`, "w1_therm", file, temperature));
  }
  return found;
}

async function thermalZones(root: string): Promise<FoundSensor[]> {
  const found: FoundSensor[] = [];
  for (const entry of await namesIn(root, /^thermal_zone\d+$/)) {
    const type = await textOf(join(root, entry, "type"));
    const [one] = sensor("thermal", `thermal/${entry}`, type, join(root, entry, "temp"), temperature);
    if (one !== undefined) found.push({ ...one, of: "machine" });
  }
  return found;
}

const temperature: Channel = { name: "temp", kind: "temperature", factor: 1e-3, isRaw: false };

/** Skips names that do not form a valid id, so that every listed id can be requested. */
function sensor(
  source: SensorSource,
  id: string,
  name: string,
  file: string,
  channel: Channel,
): FoundSensor[] {
  const kind = sensorKindOf(id);
  if (kind === undefined) return [];
  const of = MACHINE.test(name) ? "machine" : "surroundings";
  return [{ id, kind, unit: SENSOR_KINDS[kind], name, of, source, file, channel }];
}

/** The kernel lists 1-Wire thermometers and thermal zones a second time, as hwmon devices. */
function withoutDoubles(found: readonly FoundSensor[]): FoundSensor[] {
  const devices = new Set(
    found.filter(({ source }) => source === "w1" || source === "thermal").map(({ id }) => id.split("/")[1]),
  );
  return found.filter(({ source, id }) => source !== "hwmon" || !devices.has(id.split("/")[1]));
}

/** An IIO device lies in the folder of the device that its driver has bound, such as `0-0076`. */
async function parentOf(folder: string): Promise<string> {
  const real = await Deno.realPath(folder).catch(() => folder);
  const parent = basename(dirname(real));
  return parent === "devices" ? basename(folder) : parent;
}

/** A hwmon device links to the device that its driver has bound. */
async function deviceOf(folder: string): Promise<string> {
  const real = await Deno.realPath(join(folder, "device")).catch(() => folder);
  return basename(real);
}

/** Sorted by number; empty if there is no such folder. */
async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (pattern.test(name)) names.push(name);
  } catch {
    // This kernel has none, or the device has just been unplugged.
  }
  return names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

async function textOf(file: string): Promise<string> {
  try {
    return (await Deno.readTextFile(file)).trim().slice(0, 100);
  } catch {
    // Some drivers have no name.
    return "";
  }
}
