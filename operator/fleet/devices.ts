/** The devices of a node, as it reports them: read from untrusted JSON, and as one list. Pure. */
import { DEVICE_KINDS } from "../../protocol/devices/devices.ts";
import type { HeldChip } from "../../protocol/devices/gpio.ts";
import type { HeldBus, HeldPort, HeldPwm, HeldSpi, NodeDevices } from "../../protocol/devices/inventory.ts";
import { type DeviceProblem, readProblem } from "../../protocol/devices/problem.ts";
import { type Sensor, SENSOR_KINDS, sensorKindOf } from "../../protocol/devices/sensors.ts";
import { isPortNode, serialProblem } from "../../protocol/devices/serial.ts";
import { isJsonObject, type JsonObject } from "../../protocol/json.ts";
import { isName } from "../../protocol/names.ts";

/** Without the kinds that a node's version does not report. */
export type ToldDevices = { readonly [K in keyof NodeDevices]?: NodeDevices[K] | undefined };

/** Limits for what others send: it is kept in memory. */
const MAX_TEXT_CHARS = 300;
const MAX_SENSORS = 256;
const MAX_OF_KIND = 64;
const MAX_LINES = 512;

export function readDevices(
  { board, allowed, sensors, gpio, i2c, spi, serial, pwm }: JsonObject,
): ToldDevices {
  return {
    board: text(board),
    allowed: Array.isArray(allowed) ? DEVICE_KINDS.filter((kind) => allowed.includes(kind)) : undefined,
    sensors: (Array.isArray(sensors) ? sensors : []).slice(0, MAX_SENSORS).filter(isJsonObject).flatMap(
      sensor,
    ),
    gpio: objects(gpio)?.flatMap(chip),
    i2c: objects(i2c)?.flatMap(bus),
    spi: objects(spi)?.flatMap(select),
    serial: objects(serial)?.flatMap(port),
    pwm: objects(pwm)?.flatMap(modulator),
  };
}

function objects(value: unknown): JsonObject[] | undefined {
  return Array.isArray(value) ? value.slice(0, MAX_OF_KIND).filter(isJsonObject) : undefined;
}

function sensor({ id, name, of }: JsonObject): Sensor[] {
  const kind = typeof id === "string" && id.length <= MAX_TEXT_CHARS ? sensorKindOf(id) : undefined;
  if (kind === undefined) return [];
  const place = of === "machine" ? "machine" : "surroundings";
  return [{ id: String(id), kind, unit: SENSOR_KINDS[kind], name: text(name), of: place }];
}

function chip({ chip, names, holders, problem }: JsonObject): HeldChip[] {
  if (typeof chip !== "string" || !/^gpiochip\d{1,3}$/.test(chip) || !Array.isArray(names)) return [];
  return [{
    chip,
    names: names.slice(0, MAX_LINES).map(text),
    holders: namesBy(holders, /^\d{1,4}$/, isName),
    ...troubled(problem),
  }];
}

function bus({ bus, name, holders, drivers, problem }: JsonObject): HeldBus[] {
  if (!Number.isInteger(bus) || Number(bus) < 0 || Number(bus) > 999) return [];
  return [{
    bus: Number(bus),
    name: text(name),
    holders: namesBy(holders, ADDRESS, isName),
    drivers: namesBy(drivers, ADDRESS, (name) => /^[\w.+-]{1,64}$/.test(name)),
    ...troubled(problem),
  }];
}

function select({ device, holder, problem }: JsonObject): HeldSpi[] {
  if (typeof device !== "string" || !/^\d{1,3}\.\d{1,3}$/.test(device)) return [];
  return [{ device, ...(isName(holder) ? { holder } : {}), ...troubled(problem) }];
}

function modulator({ chip, name, channels, holders, problem }: JsonObject): HeldPwm[] {
  const isOne = Number.isInteger(chip) && Number(chip) >= 0 && Number(chip) <= 999 &&
    Number.isInteger(channels);
  if (!isOne) return [];
  return [{
    chip: Number(chip),
    name: text(name),
    channels: Math.min(Math.max(Number(channels), 0), MAX_OF_KIND),
    holders: namesBy(holders, /^\d{1,2}$/, isName),
    ...troubled(problem),
  }];
}

function port({ path, links, holder, problem }: JsonObject): HeldPort[] {
  if (!isPort(path) || !isPortNode(path)) return [];
  return [{
    path,
    links: (Array.isArray(links) ? links : []).filter(isPort).slice(0, 8),
    ...(isName(holder) ? { holder } : {}),
    ...troubled(problem),
  }];
}

const ADDRESS = /^0x[0-7][0-9a-f]$/;

function namesBy(value: unknown, key: RegExp, isValid: (name: string) => boolean): Record<string, string> {
  const entries = Object.entries(isJsonObject(value) ? value : {}).slice(0, MAX_LINES);
  return Object.fromEntries(
    entries.flatMap(([one, name]) =>
      key.test(one) && typeof name === "string" && isValid(name) ? [[one, name]] : []
    ),
  );
}

function troubled(problem: unknown): { readonly problem?: DeviceProblem } {
  const read = readProblem(problem);
  return read === undefined ? {} : { problem: read };
}

function isPort(path: unknown): path is string {
  return typeof path === "string" && path.length <= MAX_TEXT_CHARS && serialProblem(path) === undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MAX_TEXT_CHARS) : "";
}

/** Something that can belong to an agent. */
export interface DeviceRow {
  readonly kind: "gpio" | "i2c" | "spi" | "serial" | "pwm";
  /** As a spawn config names it; for a bus, its number. */
  readonly device: string;
  /** What the board or the driver calls it. */
  readonly name: string;
  readonly agent: string | null;
  readonly problem: DeviceProblem | null;
  /** Its file. */
  readonly path: string;
}

/** Of a chip: the lines that have a name or a holder. */
export function deviceRows(
  { gpio = [], i2c = [], spi = [], serial = [], pwm = [] }: ToldDevices,
): DeviceRow[] {
  return [
    ...gpio.flatMap(lineRows),
    ...i2c.flatMap(busRows),
    ...spi.map(selectRow),
    ...serial.map(portRow),
    ...pwm.flatMap(channelRows),
  ];
}

function lineRows({ chip, names, holders, problem }: HeldChip): DeviceRow[] {
  const count = Math.max(names.length, ...Object.keys(holders).map((line) => Number(line) + 1));
  return Array.from({ length: count }, (_, line): DeviceRow => ({
    kind: "gpio",
    device: `${chip}:${line}`,
    name: names[line] ?? "",
    agent: holders[line] ?? null,
    problem: problem ?? null,
    path: `/dev/${chip}`,
  })).filter(({ name, agent }) => name !== "" || agent !== null);
}

function busRows({ bus, name, holders, drivers, problem }: HeldBus): DeviceRow[] {
  const row = { kind: "i2c", problem: problem ?? null, path: `/dev/i2c-${bus}` } as const;
  const addresses = [...new Set([...Object.keys(holders), ...Object.keys(drivers)])].sort();
  return [
    { ...row, device: String(bus), name, agent: null },
    ...addresses.map((address) => ({
      ...row,
      device: `${bus}:${address}`,
      name: drivers[address] === undefined ? "" : `driver ${drivers[address]}`,
      agent: holders[address] ?? null,
    })),
  ];
}

function selectRow({ device, holder, problem }: HeldSpi): DeviceRow {
  const path = `/dev/spidev${device}`;
  return { kind: "spi", device, name: "", agent: holder ?? null, problem: problem ?? null, path };
}

function channelRows({ chip, name, channels, holders, problem }: HeldPwm): DeviceRow[] {
  return Array.from({ length: channels }, (_, channel): DeviceRow => ({
    kind: "pwm",
    device: `${chip}.${channel}`,
    name,
    agent: holders[channel] ?? null,
    problem: problem ?? null,
    path: `/sys/class/pwm/pwmchip${chip}`,
  }));
}

function portRow({ path, links, holder, problem }: HeldPort): DeviceRow {
  const [stable] = links;
  return {
    kind: "serial",
    device: stable ?? path,
    name: stable === undefined ? "" : path,
    agent: holder ?? null,
    problem: problem ?? null,
    path,
  };
}
