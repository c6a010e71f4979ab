/**
 * Types for agent authors, for completion in the editor:
 *
 *     import type { Agent } from "./types.d.ts";
 *
 * Types only: the import is removed before the agent runs.
 */

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** How much an alert matters. */
export type Severity = "info" | "warning" | "error";

/** An agent on this node. */
export interface AgentRef {
  readonly name: string;
  readonly actor_id: string;
  readonly node: string;
}

/** The MQTT broker the node is connected to. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  /** For an MQTT client of the agent's own, e.g. `mqtt.connect(agent.broker.url)`. */
  readonly url: string;
  /** Set when the broker requires one and the node's policy gives this agent credentials. */
  readonly username?: string;
  /** Set with `username`. Not enumerable, so `JSON.stringify(agent.broker)` and a console do not show it. */
  readonly password?: string;
  /** CA certificates (PEM) for the broker, if the node was given its own. Not enumerable. */
  readonly ca?: string;
}

export interface PublishOptions {
  /** Quality of service; default 1, at least once. */
  qos?: 0 | 1 | 2;
  /** Whether the broker keeps the message for later subscribers; default false. */
  retain?: boolean;
  /** Whether it is for agents on this node alone, and never goes to the broker; default false. */
  local?: boolean;
}

export interface ReadingOptions {
  /**
   * Up to 12 characters without spaces, such as `°C`. Default: for the kinds of `SensorInfo` the unit there, else none.
   */
  unit?: string;
  /** Distinguishes several readings of one kind: up to 64 letters, digits, `_` and `-`. Default: the kind. */
  name?: string;
}

/** What a switch does. */
export interface SwitchOptions {
  /** Does what the switch stands for. If it throws, the switch keeps its state, and whoever asked gets the error. */
  onChange(on: boolean): unknown;
  /** The state at the start; default false. */
  on?: boolean;
}

/** A switch that an agent offers. */
export interface Switch {
  readonly name: string;
  /** Its state. */
  readonly on: boolean;
  /** Publishes a state that the agent has brought about by itself. Does not call `onChange`. */
  set(on: boolean): Promise<void>;
}

/** A sensor that the node's kernel has a driver for. */
export interface SensorInfo {
  /** Such as `w1/28-0316a2795fff`. */
  readonly id: string;
  /** `temperature`, `humidity`, `pressure`, `light`, `voltage`, `current`, `power`, `energy` or `speed`. */
  readonly kind: string;
  /** `°C`, `%`, `hPa`, `lx`, `V`, `A`, `W`, `J` or `rpm`. */
  readonly unit: string;
  /** What the driver calls itself, such as `lm75`. */
  readonly name: string;
  /** `machine`: of the machine itself, such as the processor's. */
  readonly of: "machine" | "surroundings";
  /** How many attempts to read it have failed. */
  readonly failures: number;
}

export interface Reading {
  readonly value: number;
  /** As in `SensorInfo`. */
  readonly unit: string;
  readonly kind: string;
  /** The id of the sensor. */
  readonly sensor: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** How a GPIO line is set up. Levels are logical: with `active_low`, 1 is the low level of the wire. */
export interface GpioLineOptions {
  /** Default `in`. */
  direction?: "in" | "out";
  /** Of an input: which changes are told; default `none`. */
  edges?: "rising" | "falling" | "both" | "none";
  /** A resistor to the high (`up`) or low level; default `as-is`. */
  bias?: "as-is" | "up" | "down" | "off";
  /** Of an input: how long a level has to last before it counts, milliseconds, up to 10,000; default 0. */
  debounce_ms?: number;
  active_low?: boolean;
  /** Of an output: its first level; default `safe`. */
  initial?: 0 | 1;
  /** Of an output, which has to say it: its level while the agent is paused or does not run. */
  safe?: 0 | 1;
}

/** A change of a line. */
export interface GpioEdge {
  /** The level after it. */
  readonly value: 0 | 1;
  /** When the kernel saw it: seconds on its monotonic clock. */
  readonly timestamp: number;
}

/** An open GPIO line. Every method rejects with a `DeviceError`. */
export interface GpioLine {
  /** As it was asked for. */
  readonly line: string;
  /** Changes that were not told, because there were too many. */
  readonly lost: number;
  read(): Promise<0 | 1>;
  write(value: 0 | 1 | boolean): Promise<void>;
  /** The changes, until the line is closed or the agent stops. Use either this or `onEdge`. */
  edges(): AsyncIterableIterator<GpioEdge>;
  /** Calls `handler` for each change. @returns a function that ends it */
  onEdge(handler: (edge: GpioEdge) => unknown): () => void;
  /** An output goes to its safe level; then the line is free. */
  close(): Promise<void>;
}

/** One part of an I2C transfer: bytes to write, or how many to read; up to 8,192. */
export type I2cPart = { readonly write: Uint8Array | readonly number[] } | { readonly read: number };

/** An open device on an I2C bus. Every method rejects with a `DeviceError`, or a `TypeError` for a wrong argument. */
export interface I2cDevice {
  readonly bus: number;
  readonly address: number;
  /** Reads `length` bytes, 1 to 8,192. */
  read(length: number): Promise<Uint8Array<ArrayBuffer>>;
  write(data: Uint8Array | readonly number[]): Promise<void>;
  /**
   * Up to 42 parts in one go, with a repeated start and no stop between them: `transfer([{ write: [0xd0] }, { read: 1
   * }])` reads register 0xD0. On an adapter that speaks SMBus alone: one write of up to 33 bytes, one read of a byte, or
   * one byte written and up to 32 read.
   * @returns what each `read` has read
   */
  transfer(parts: readonly I2cPart[]): Promise<Uint8Array<ArrayBuffer>[]>;
  /** Ends its use; the agent can open it again. */
  close(): Promise<void>;
}

/** How an SPI device is set up. */
export interface SpiDeviceOptions {
  /** Clock polarity and phase. Default 0. */
  mode?: 0 | 1 | 2 | 3;
  /** Bits per second, at most: 1 to 125,000,000. Default 500,000. */
  speed_hz?: number;
  /** Bits of a word. Default 8. */
  bits?: 8 | 16 | 32;
}

/** An open SPI device. Every method rejects with a `DeviceError`, or a `TypeError` for a wrong argument. */
export interface SpiDevice {
  /** As it was asked for. */
  readonly device: string;
  /**
   * Writes 1 to 4,096 bytes, whole words, while the device is selected.
   * @returns as many bytes, read at the same time
   */
  transfer(data: Uint8Array | readonly number[]): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends its use; the agent can open it again. */
  close(): Promise<void>;
}

/** How a PWM channel is set up. */
export interface PwmOptions {
  /** Periods per second: 0.1 to 10,000,000. */
  frequency_hz: number;
  /** The active part of a period, 0 to 1. Default 0. */
  duty?: number;
  /** The same while the agent is paused or has ended, 0 to 1. Default 0: the channel is switched off. */
  safe?: number;
}

/** An open PWM channel. Every method rejects with a `DeviceError`, or a `TypeError` for a wrong argument. */
export interface PwmChannel {
  /** As it was asked for. */
  readonly channel: string;
  /** `duty`: the active part of a period, 0 to 1. Rejects with code `paused` while the agent is paused. */
  set(to: { duty: number }): Promise<void>;
  /** Ends its use, at its safe duty; the agent can open it again. */
  close(): Promise<void>;
}

/** How a serial port is set up, as in the Web Serial API. */
export interface SerialPortOptions {
  /** Symbols per second, 50 to 4,000,000. */
  baudRate: number;
  /** Default 8. */
  dataBits?: 7 | 8;
  /** Default `none`. */
  parity?: "none" | "even" | "odd";
  /** Default 1. */
  stopBits?: 1 | 2;
  /** `hardware`: RTS and CTS; default `none`. */
  flowControl?: "none" | "hardware";
  /** How many bytes wait for the agent before the port is read no further, up to 65,536; default 4,096. */
  bufferSize?: number;
}

/** An open serial port, in the shape of the Web Serial API. Both streams fail with a `DeviceError`. */
export interface SerialPort {
  readonly path: string;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** A write resolves once the kernel has all of it, and waits as long as the other end takes nothing. */
  readonly writable: WritableStream<Uint8Array>;
  /** Ends `readable`; then the port is free. */
  close(): Promise<void>;
}

/** What a request for a device fails with. */
export interface DeviceError extends Error {
  readonly name: "DeviceError";
  readonly code: "not_granted" | "not_found" | "failed" | "timeout" | "busy" | "paused";
}

export interface Sensor {
  /** The id or the kind it was asked for by. */
  readonly id: string;
  /**
   * Its reading, at most a second old. A reading that fails is tried again, three times in all, as often as the sensor's
   * data sheet allows, within 10 s.
   * @throws DeviceError
   */
  read(): Promise<Reading>;
}

/** Handles a message. `payload` is the JSON value, a string for other text, or bytes for anything else. */
export type MessageHandler = (payload: unknown, topic: string) => unknown;

/** The object that every function of an agent receives. */
export interface Agent {
  readonly name: string;
  /** The agent's stable id: the same on every node and after every restart. */
  readonly actor_id: string;
  readonly actorId: string;
  /** The node it runs on. */
  readonly node: string;
  readonly broker: Broker;
  /** For your own use, in memory only: lost on restart. See `persist`. */
  // deno-lint-ignore no-explicit-any -- the author decides what is in it
  readonly state: Record<string, any>;
  /** Aborted when the agent is asked to stop. */
  readonly signal: AbortSignal;

  /**
   * Publishes to any topic except control topics (docs/policy.md). Strings and bytes are sent as they are, everything
   * else as JSON. Agents on this node get it at once, whether the broker is there or not. Resolves once the node has
   * accepted the message; waits while the node's window is full.
   * @throws TypeError for an invalid topic, or data that is not JSON
   */
  publish(topic: string, data: unknown, options?: PublishOptions): Promise<void>;
  /** Writes a line to the agent's log. */
  log(message: unknown): Promise<void>;
  /** Raises an alert. Default severity: `warning`. */
  alert(message: unknown, severity?: Severity): Promise<void>;
  /** Publishes a result on `agents/{actor_id}/results`. */
  publish_result(data: unknown): Promise<void>;
  publishResult(data: unknown): Promise<void>;
  /** Publishes a detection on `agents/{actor_id}/detections` and `{node}/{agent}/detections`. */
  publish_detection(data: unknown): Promise<void>;
  publishDetection(data: unknown): Promise<void>;
  /**
   * Publishes a number that was measured on `agents/{actor_id}/readings/{name}`, such as
   * `agent.reading("temperature", 21.4)`. Up to 64 different names.
   * @param kind what was measured, in lower case: `temperature`, `humidity`, `co2`
   * @throws TypeError for a value that is not a finite number, or a wrong kind or option
   */
  reading(kind: string, value: number, options?: ReadingOptions): Promise<void>;
  /**
   * Offers a switch, and publishes its state on `agents/{actor_id}/switches/{name}`. The task `{"switch": NAME, "on": true}`
   * turns it: `onChange` is called, then the new state published. Up to 32.
   * @param name up to 64 letters, digits, `_` and `-`
   * @throws TypeError for a wrong name or option, or a name that is offered already
   */
  switch(name: string, options: SwitchOptions): Promise<Switch>;
  /** Sets what the dashboard shows as the agent's task. */
  set_status(text: string): Promise<void>;
  setStatus(text: string): Promise<void>;

  /**
   * Stores a JSON value in the state file, so that it survives restarts. It is on disk when the call returns.
   * @throws Error when the value is not JSON, the file would exceed its limit, or the disk refuses
   */
  persist(key: string, value: unknown): void;
  /** The value persisted under `key`, else `fallback` (default `undefined`). */
  // deno-lint-ignore no-explicit-any -- the author knows what was persisted
  recall(key: string, fallback?: unknown): any;

  /**
   * Calls `handle_task` of any agent on any node. On its own node that needs no broker, and nobody else sees it.
   * @param timeout seconds to wait; default 30
   * @returns the reply, or `null` when none came in time
   */
  // deno-lint-ignore no-explicit-any -- the other agent decides what it answers
  send_to(name: string, payload: unknown, timeout?: number): Promise<any>;
  // deno-lint-ignore no-explicit-any -- as send_to
  sendTo(name: string, payload: unknown, timeout?: number): Promise<any>;
  /** The same as `send_to`. */
  // deno-lint-ignore no-explicit-any -- as send_to
  delegate(name: string, payload: unknown, timeout?: number): Promise<any>;

  /**
   * A secret that the spawn config requests in `secrets` and the node's operator has granted. In logs, errors and
   * messages of the agent, the node replaces it by `‹NAME›`.
   * @throws Error when it was not requested or not granted
   */
  secret(name: string): string;

  /** The agents on this node, this one included. */
  agents(): AgentRef[];

  /**
   * Calls `handler` for every message on topics that match `filter`, until the agent stops.
   * @returns a function that ends the subscription
   */
  subscribe(filter: string, handler: MessageHandler): Promise<() => Promise<void>>;

  /**
   * The sensors that the agent may read: those that the spawn config asks for in `devices`.
   * @throws DeviceError
   */
  sensors(): Promise<SensorInfo[]>;
  /**
   * A sensor by its id, or the first of a kind: `agent.sensor("temperature")`. Those of what is around the machine come
   * before those of the machine itself.
   */
  sensor(id: string): Sensor;
  /**
   * Opens a line of a GPIO chip that the spawn config asks for in `devices`: `agent.gpio("GPIO17", { direction: "out",
   * safe: 0 })`.
   * @throws TypeError for a wrong option; DeviceError
   */
  gpio(line: string, options?: GpioLineOptions): Promise<GpioLine>;
  /**
   * Opens a device on an I2C bus that the spawn config asks for in `devices`, as `1:0x76`: `agent.i2c(1, 0x76)`.
   * @param bus the N of `/dev/i2c-N`
   * @param address 7 bits, from 0x08 to 0x77
   * @throws TypeError for a wrong argument; DeviceError, `busy` if a driver of the kernel has the address
   */
  i2c(bus: number, address: number): Promise<I2cDevice>;
  /**
   * Opens an SPI device that the spawn config asks for in `devices`: `agent.spi("0.0", { mode: 0 })`.
   * @param device bus and chip select, as in `/dev/spidev0.0`
   * @throws TypeError for a wrong option; DeviceError
   */
  spi(device: string, options?: SpiDeviceOptions): Promise<SpiDevice>;
  /**
   * Opens a PWM channel that the spawn config asks for in `devices`: `agent.pwm("0.1", { frequency_hz: 25_000 })`.
   * @param channel chip and number, as in `/sys/class/pwm/pwmchip0/pwm1`
   * @throws TypeError for a wrong option; DeviceError
   */
  pwm(channel: string, options: PwmOptions): Promise<PwmChannel>;
  /**
   * Opens a serial port that the spawn config asks for in `devices`: `agent.serial("/dev/ttyUSB0", { baudRate: 9600 })`.
   * @param path as the spawn config has it
   * @throws TypeError for a wrong option; DeviceError
   */
  serial(path: string, options: SerialPortOptions): Promise<SerialPort>;
}

/** Called once, before the first `process()`. If it throws, the agent has failed for good. */
export type Setup = (agent: Agent) => unknown;
/** Called every `poll_interval` seconds. */
export type Process = (agent: Agent) => unknown;
/** Called for each task; the return value is the reply. Runs concurrently with `process()` and other tasks. */
// deno-lint-ignore no-explicit-any -- whoever calls decides what is in it
export type HandleTask = (agent: Agent, payload: any) => unknown;
