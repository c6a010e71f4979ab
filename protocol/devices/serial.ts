/** Serial ports as agents name them, and how one is set up. Pure. */
import { globMatches } from "../patterns.ts";

/** As in the Web Serial API. */
export interface SerialOptions {
  /** Symbols per second. */
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
  readonly flowControl: "none" | "hardware";
  /** How many bytes wait for the agent before the port is read no further. */
  readonly bufferSize: number;
}

/** `send` answers how many bytes were taken; `credit` allows the port to deliver that many more. */
export type SerialAction =
  | { readonly do: "send"; readonly data: string }
  | { readonly do: "credit"; readonly bytes: number };

/** A serial port of a node. */
export interface SerialPortInfo {
  /** Its device node, such as `/dev/ttyUSB0`. */
  readonly path: string;
  /** Other names, such as those below `/dev/serial/by-id`, which stay the same. */
  readonly links: readonly string[];
}

/** The most bytes in one `send`, and under way to the agent. */
export const MAX_SEND_BYTES = 16_384;
export const MAX_CREDIT_BYTES = 65_536;

const MAX_BAUD = 4_000_000;
const PATH = /^\/dev(?:\/[\w.:+@,-]+)+$/;
/** Terminals at which people sit, which are no ports. */
const CONSOLE = /^\/dev\/(?:console|ptmx|tty\d*|vcs\w*|pts\/ptmx)$/;
/** The ends of programs' terminals: also where people sit, but some programs offer a port so. */
const PSEUDO = /^\/dev\/pts\//;

/** What the kernel's drivers call their ports. */
const DRIVERS = /^\/dev\/(?:tty[A-Za-z]\w*|rfcomm\d+|pts\/\d+)$/;

/** Whether a device node is a port: others could do anything when they are opened. @param path without links */
export function isPortNode(path: string): boolean {
  return DRIVERS.test(path);
}

function isPortPath(path: string): boolean {
  return PATH.test(path) && !/\/\.{1,2}(?:\/|$)/.test(path) && !CONSOLE.test(path);
}

/** Why no agent can ask for this port; `undefined` if it can. */
export function serialProblem(entry: string): string | undefined {
  return isPortPath(entry)
    ? undefined
    : "must be the path of a serial port, such as /dev/serial/by-id/usb-… or /dev/ttyUSB0";
}

export function serialRuleProblem(rule: string): string | undefined {
  if (rule === "*" || serialProblem(rule.replaceAll("*", "x")) === undefined) return undefined;
  return 'must be the path of a serial port, a pattern such as "/dev/ttyUSB*", or "*"';
}

/** A pattern covers no pseudo-terminal: it could be the operator's own. */
export function serialCovers(rule: string, entry: string): boolean {
  return rule === entry || (!PSEUDO.test(entry) && globMatches(rule, entry));
}

/** The error for an unknown port: lists those that the node has. */
export function noSuchPort(ports: readonly SerialPortInfo[]): string {
  if (ports.length === 0) return "there is no such port; it has none at all";
  const names = ports.map(({ path, links }) => links[0] ?? path);
  return `there is no such port; it has ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
}

const DEFAULTS: SerialOptions = {
  baudRate: 0,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  flowControl: "none",
  bufferSize: 4096,
};

/**
 * The options with defaults filled in.
 * @throws TypeError "baudRate must be from 50 to 4000000"
 */
export function readSerialOptions(given: unknown): SerialOptions {
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof options !== "object") throw new TypeError("the options must be an object");
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) {
    throw new TypeError(`there is no option ${unknown}: there are ${Object.keys(DEFAULTS).join(", ")}`);
  }
  const pick = <T>(name: keyof SerialOptions, choices: readonly T[]): T => {
    const value = options[name] ?? DEFAULTS[name];
    if (choices.includes(value as T)) return value as T;
    throw new TypeError(`${name} must be ${choices.map((choice) => JSON.stringify(choice)).join(" or ")}`);
  };
  const whole = (name: keyof SerialOptions, from: number, to: number): number => {
    const value = options[name] ?? DEFAULTS[name];
    if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) return Number(value);
    throw new TypeError(`${name} must be from ${from} to ${to}`);
  };
  return {
    baudRate: whole("baudRate", 50, MAX_BAUD),
    dataBits: pick("dataBits", [7, 8] as const),
    parity: pick("parity", ["none", "even", "odd"] as const),
    stopBits: pick("stopBits", [1, 2] as const),
    flowControl: pick("flowControl", ["none", "hardware"] as const),
    bufferSize: whole("bufferSize", 1, MAX_CREDIT_BYTES),
  };
}
