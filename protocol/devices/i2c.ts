/** I2C devices as agents name them, and a transfer with one. Pure. */

/** A device on a bus: `BUS:0xADDRESS`. */
export interface I2cAddress {
  /** The number of `/dev/i2c-N`. */
  readonly bus: number;
  /** 7 bits. */
  readonly address: number;
}

/** A bus of a node. */
export interface I2cBus {
  readonly bus: number;
  /** The adapter's name, such as `bcm2835 (i2c@7e804000)`. */
  readonly name: string;
}

/** One part of a transfer: bytes to write, as base64, or how many to read. Between two there is no stop condition. */
export type I2cStep = { readonly write: string } | { readonly read: number };

export type I2cAction = { readonly do: "transfer"; readonly steps: readonly I2cStep[] };

/** The kernel's own limits (I2C_RDWR_IOCTL_MAX_MSGS, and i2c-dev's size of a message). */
export const MAX_STEPS = 42;
export const MAX_STEP_BYTES = 8192;

const ENTRY = /^(0|[1-9]\d{0,2}):0x([0-7][0-9a-f])$/;
const RANGE = /^(0|[1-9]\d{0,2}):0x([0-7][0-9a-f])-0x([0-7][0-9a-f])$/;
const PATTERN = /^(?:\*|(?:\*|0|[1-9]\d{0,2}):(?:\*|0x[0-7][0-9a-f]))$/;

/** Addresses below and above are reserved by the bus. */
const FIRST = 0x08;
const LAST = 0x77;

/** @throws TypeError for what is no bus or no address */
export function i2cEntry(bus: unknown, address: unknown): string {
  if (!Number.isInteger(bus) || Number(bus) < 0 || Number(bus) > 999) {
    throw new TypeError(`the bus must be the N of /dev/i2c-N, got ${String(bus)}`);
  }
  if (!Number.isInteger(address) || Number(address) < FIRST || Number(address) > LAST) {
    throw new TypeError(`the address must be from 0x08 to 0x77, got ${String(address)}`);
  }
  return entryOf({ bus: Number(bus), address: Number(address) });
}

/** As a spawn config has it: `1:0x76`. */
function entryOf({ bus, address }: I2cAddress): string {
  return `${bus}:0x${address.toString(16).padStart(2, "0")}`;
}

/** `undefined` for what is no entry. */
export function i2cAddressOf(entry: string): I2cAddress | undefined {
  const [, bus, hex = ""] = ENTRY.exec(entry) ?? [];
  const address = parseInt(hex, 16);
  return bus !== undefined && address >= FIRST && address <= LAST ? { bus: Number(bus), address } : undefined;
}

/** Why no agent can ask for this; `undefined` if it can. */
export function i2cProblem(entry: string): string | undefined {
  return i2cAddressOf(entry) === undefined
    ? "must be BUS:ADDRESS with an address from 0x08 to 0x77, such as 1:0x76"
    : undefined;
}

export function i2cRuleProblem(rule: string): string | undefined {
  const [, , from, to] = RANGE.exec(rule) ?? [];
  if (from !== undefined && to !== undefined) {
    return from <= to ? undefined : "must be a range from a lower to a higher address";
  }
  return PATTERN.test(rule) ? undefined : "must be BUS:ADDRESS, such as 1:0x76, 1:0x40-0x4f, 1:* or *";
}

export function i2cCovers(rule: string, entry: string): boolean {
  const wanted = i2cAddressOf(entry);
  if (wanted === undefined) return false;
  const [, bus, from, to] = RANGE.exec(rule) ?? [];
  if (from !== undefined && to !== undefined) {
    return Number(bus) === wanted.bus && wanted.address >= parseInt(from, 16) &&
      wanted.address <= parseInt(to, 16);
  }
  const [ofBus, ofAddress = "*"] = rule.split(":");
  const [wantedBus, wantedAddress] = entry.split(":");
  return PATTERN.test(rule) && (ofBus === "*" || ofBus === wantedBus) &&
    (ofAddress === "*" || ofAddress === wantedAddress);
}

/** The error for an unknown bus: lists those that the node has. */
export function noSuchBus(buses: readonly I2cBus[]): string {
  if (buses.length === 0) return "there is no I2C bus (is it switched on, and the module i2c-dev loaded?)";
  return `there is no such bus; it has ${buses.map(({ bus, name }) => `${bus} (${name})`).join(", ")}`;
}

/** Untrusted: from an agent. */
export function areSteps(value: unknown): value is readonly I2cStep[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_STEPS && value.every(isStep);
}

function isStep(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  const { write, read } = value as Readonly<Record<string, unknown>>;
  if (write !== undefined) {
    return read === undefined && typeof write === "string" && write.length <= MAX_STEP_BYTES * 4 / 3 + 4;
  }
  return Number.isInteger(read) && Number(read) >= 1 && Number(read) <= MAX_STEP_BYTES;
}
