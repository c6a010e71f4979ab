/** Answers device requests of agents, within what their spawn config asks for and the policy allows. */
import type { AgentFrame } from "../../../protocol/frames.ts";
import type { DeviceFailure, DeviceRequest } from "../../../protocol/devices/requests.ts";
import {
  type GpioChip,
  type Line,
  lineOf,
  noSuchLine,
  readGpioOptions,
} from "../../../protocol/devices/gpio.ts";
import { deviceCovers, type DeviceKind, type Devices } from "../../../protocol/devices/devices.ts";
import { shown } from "../reports/inventory.ts";
import { meansSensor, noSuchSensor } from "../../../protocol/devices/sensors.ts";
import type { SpawnConfig } from "../../../protocol/spawn_config.ts";
import { DeviceError } from "../../devices/device_error.ts";
import type { Gpio } from "../../devices/gpio.ts";
import type { Sensors } from "../../devices/sensors.ts";
import type { FoundSensor } from "../../devices/inventory.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface DeviceDeskParts {
  readonly sensors: Pick<Sensors, "list" | "read" | "failuresOf">;
  readonly gpio: Pick<Gpio, "open" | "read" | "write" | "close" | "paused" | "exited">;
  readonly chips: () => Promise<readonly GpioChip[]>;
  /** All agents here. */
  readonly agents: () => readonly SupervisedAgent[];
  /** What the policy allows an agent now. */
  readonly allowed: (agent: string) => Devices;
  /** An agent has asked for a device that it was not granted. */
  readonly onDenied: (agent: SupervisedAgent, kind: string, what: string) => void;
}

/** Requests of one agent that are under way; the agent gets an error for more. */
const MAX_PENDING = 64;

type DeviceFrame = Extract<AgentFrame, { t: "device" }>;

/** Invariant: every request is answered once, and its answer never reaches a later process of the agent. */
export class DeviceDesk {
  readonly #pending = new Map<SupervisedAgent, number>();

  constructor(private readonly parts: DeviceDeskParts) {}

  async handle(agent: SupervisedAgent, { id, request }: DeviceFrame): Promise<void> {
    const { pid } = agent;
    const pending = this.#pending.get(agent) ?? 0;
    if (pending >= MAX_PENDING) {
      const error = { code: "busy", message: `more than ${MAX_PENDING} requests at the same time` } as const;
      agent.send({ t: "device", id, error });
      return;
    }
    this.#pending.set(agent, pending + 1);
    const answer = await this.#answer(agent, request);
    const left = (this.#pending.get(agent) ?? 1) - 1;
    if (left > 0) this.#pending.set(agent, left);
    else this.#pending.delete(agent);
    if (agent.pid === pid) agent.send({ t: "device", id, ...answer });
  }

  /**
   * Why this node cannot provide the devices that an agent asks for; `undefined` if it can. Checked only at a spawn: an
   * unplugged sensor must not keep an agent from restarting. Synchronous for an agent that asks for no devices.
   */
  missing({ name, devices }: SpawnConfig): Promise<string | undefined> | undefined {
    if (devices.sensors.length === 0 && devices.gpio.length === 0) return undefined;
    return this.#missingSensor(devices).then((sensor) => sensor ?? this.#missingLine(name, devices));
  }

  /** Its outputs go to their safe level. */
  paused(agent: SupervisedAgent): void {
    this.parts.gpio.paused(agent);
  }

  /** Its process has ended: its outputs go to their safe level, and its lines are free. */
  exited(agent: SupervisedAgent): void {
    this.parts.gpio.exited(agent);
  }

  async #missingSensor(devices: Devices): Promise<string | undefined> {
    if (devices.sensors.length === 0) return undefined;
    const found = await this.parts.sensors.list();
    const entry = devices.sensors.find((entry) => !found.some((sensor) => meansSensor(entry, sensor)));
    return entry === undefined ? undefined : `devices.sensors '${entry}': ${noSuchSensor(found)}`;
  }

  /** Only one agent can have a line: the message for any other names the holder. */
  async #missingLine(name: string, devices: Devices): Promise<string | undefined> {
    if (devices.gpio.length === 0) return undefined;
    const chips = await this.parts.chips();
    for (const entry of devices.gpio) {
      const line = lineOf(entry, chips);
      if (line === undefined) return `devices.gpio '${entry}': ${noSuchLine(chips)}`;
      const holder = this.parts.agents().find((agent) =>
        agent.name !== name && agent.config.devices.gpio.some((other) => isSame(lineOf(other, chips), line))
      );
      if (holder !== undefined) return `devices.gpio '${entry}': agent '${holder.name}' has the line`;
    }
    return undefined;
  }

  /** @throws DeviceError */
  async #lineOf({ name, config }: SupervisedAgent, entry: string): Promise<Line> {
    const isGranted = config.devices.gpio.includes(entry) &&
      deviceCovers("gpio", this.parts.allowed(name).gpio, entry);
    if (!isGranted) throw notGranted(`open line '${entry}'`, "gpio", entry);
    const chips = await this.parts.chips();
    const line = lineOf(entry, chips);
    if (line !== undefined) return line;
    throw new DeviceError("not_found", `Cannot open line '${entry}': ${noSuchLine(chips)}`);
  }

  async #answer(
    agent: SupervisedAgent,
    request: DeviceRequest,
  ): Promise<{ readonly value: unknown } | { readonly error: DeviceFailure }> {
    try {
      return { value: await this.#do(agent, request) };
    } catch (error) {
      if (error instanceof DeviceError) return { error: { code: error.reason, message: error.message } };
      return { error: { code: "failed", message: (error as Error).message } };
    }
  }

  async #do(agent: SupervisedAgent, request: DeviceRequest): Promise<unknown> {
    switch (request.op) {
      case "sensors":
        return (await this.#sensorsOf(agent)).map((sensor) => ({
          ...shown(sensor),
          failures: this.parts.sensors.failuresOf(sensor.id),
        }));
      case "read":
        return await this.parts.sensors.read(await this.#sensorOf(agent, request.sensor));
      case "gpio_open": {
        const line = await this.#lineOf(agent, request.line).catch((error) => {
          if (error.reason === "not_granted") this.parts.onDenied(agent, "gpio", request.line);
          throw error;
        });
        return await this.parts.gpio.open(agent, line, readGpioOptions(request.options));
      }
      case "gpio_read":
        return await this.parts.gpio.read(agent, request.handle);
      case "gpio_write":
        return await this.parts.gpio.write(agent, request.handle, request.value);
      case "gpio_close":
        return await this.parts.gpio.close(agent, request.handle);
      default:
        return request satisfies never;
    }
  }

  /** Only what both the spawn config and the policy name: a policy may have changed since the spawn. */
  async #sensorsOf({ name, config }: SupervisedAgent): Promise<FoundSensor[]> {
    const asked = config.devices.sensors;
    if (asked.length === 0) return [];
    const allowed = this.parts.allowed(name).sensors;
    return (await this.parts.sensors.list()).filter((sensor) =>
      asked.some((entry) => meansSensor(entry, sensor) && deviceCovers("sensors", allowed, entry))
    );
  }

  /** @throws DeviceError */
  async #sensorOf(agent: SupervisedAgent, wanted: string): Promise<FoundSensor> {
    const granted = await this.#sensorsOf(agent);
    const sensor = granted.find((one) => meansSensor(wanted, one));
    if (sensor !== undefined) return sensor;
    const asked = agent.config.devices.sensors;
    const all = (await this.parts.sensors.list()).filter((one) => meansSensor(wanted, one));
    // The spawn config asks for it, by kind or by id: then it is missing, rather than denied.
    const isAsked = asked.includes(wanted) ||
      asked.some((entry) => all.some((one) => meansSensor(entry, one)));
    if (isAsked) {
      throw new DeviceError("not_found", `Cannot read '${wanted}': this node has no such sensor`);
    }
    this.parts.onDenied(agent, "sensors", wanted);
    throw notGranted(`read '${wanted}'`, "sensors", wanted);
  }
}

function notGranted(what: string, kind: DeviceKind, entry: string): DeviceError {
  const line = `"devices": {"${kind}": [${JSON.stringify(entry)}]}`;
  return new DeviceError("not_granted", `Cannot ${what}: the spawn config does not ask for it: add ${line}`);
}

function isSame(one: Line | undefined, other: Line): boolean {
  return one?.chip === other.chip && one.offset === other.offset;
}
