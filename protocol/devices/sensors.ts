/** Sensors as agents name them: kinds with their units, and ids that imply the kind. Pure. */

/** Each kind, with the unit of its readings. */
export const SENSOR_KINDS = {
  temperature: "°C",
  humidity: "%",
  pressure: "hPa",
  light: "lx",
  voltage: "V",
  current: "A",
  power: "W",
  energy: "J",
  speed: "rpm",
} as const satisfies Readonly<Record<string, string>>;
export type SensorKind = keyof typeof SENSOR_KINDS;

export const SENSOR_KIND_NAMES = Object.keys(SENSOR_KINDS) as readonly SensorKind[];

/** Kinds that an agent may read without a policy. Not power and energy: they reveal what the machine computes. */
export const HARMLESS_KINDS: readonly SensorKind[] = ["temperature", "humidity", "pressure", "light"];

/** Kernel subsystems with sensors, in order of preference when an agent names only a kind. */
export const SENSOR_SOURCES = ["iio", "w1", "hwmon", "thermal"] as const;
export type SensorSource = (typeof SENSOR_SOURCES)[number];

/** A sensor of a node, as its inventory lists it. */
export interface Sensor {
  /** `SOURCE/DEVICE` or `SOURCE/DEVICE/CHANNEL`, such as `hwmon/0-0048/temp1`. */
  readonly id: string;
  readonly kind: SensorKind;
  readonly unit: string;
  /** The driver's name, such as `lm75`. */
  readonly name: string;
  /** `machine`: measures the machine itself, such as its processor; `surroundings`: measures its environment. */
  readonly of: "machine" | "surroundings";
}

/** A reading of a sensor. */
export interface Reading {
  readonly value: number;
  readonly unit: string;
  readonly kind: SensorKind;
  /** The id of the sensor. */
  readonly sensor: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** Prefixes of the kernel's channel names, with the kind of their readings. */
const CHANNELS: Readonly<Record<SensorSource, Readonly<Record<string, SensorKind>>>> = {
  iio: {
    temp: "temperature",
    humidityrelative: "humidity",
    pressure: "pressure",
    illuminance: "light",
    voltage: "voltage",
    current: "current",
    power: "power",
    energy: "energy",
  },
  w1: {},
  hwmon: {
    temp: "temperature",
    humidity: "humidity",
    in: "voltage",
    curr: "current",
    power: "power",
    energy: "energy",
    fan: "speed",
  },
  thermal: {},
};

const ID = /^(?<source>iio|w1|hwmon|thermal)\/[\w.:@-]+(?:\/(?<channel>[a-z]+)\d*)?$/;

export function isSensorKind(text: string): text is SensorKind {
  return Object.hasOwn(SENSOR_KINDS, text);
}

/** The kind of a kernel channel; `undefined` if it is not a supported sensor. */
export function channelKind(source: SensorSource, channel: string): SensorKind | undefined {
  const kinds = CHANNELS[source];
  const name = channel.replace(/\d{1,3}$/, "");
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

/** The kind of the sensor with that id; `undefined` if it is not a sensor id. */
export function sensorKindOf(id: string): SensorKind | undefined {
  const { source, channel } = ID.exec(id)?.groups ?? {};
  if (source === "w1" || source === "thermal") return channel === undefined ? "temperature" : undefined;
  if (source === undefined || channel === undefined) return undefined;
  return channelKind(source as SensorSource, channel);
}

/** The error for an unknown sensor: lists the sensors that the node has. */
export function noSuchSensor(has: readonly Pick<Sensor, "id" | "kind">[]): string {
  if (has.length === 0) return "there is no such sensor; it has none at all";
  const shown = has.slice(0, 10).map(({ id, kind }) => `${kind} (${id})`);
  return `there is no such sensor; it has ${shown.join(", ")}${has.length > shown.length ? ", …" : ""}`;
}

/** Whether a spawn config entry, a kind or an id, matches this sensor. */
export function meansSensor(entry: string, { id, kind }: Pick<Sensor, "id" | "kind">): boolean {
  return entry === kind || entry === id;
}
