/** Answers device requests of agents, within what their spawn config asks for and the policy allows. */
import type { AgentFrame } from "../../../protocol/frames.ts";
import {
  DEVICE_NOUNS,
  deviceCovers,
  type DeviceKind,
  type Devices,
  HELD_KINDS,
  type HeldKind,
} from "../../../protocol/devices/devices.ts";
import {
  type DeviceFailure,
  type DeviceRequest,
  type OpenRequest,
  READ_OPTIONS,
  type Setup,
} from "../../../protocol/devices/requests.ts";
import { meansSensor, noSuchSensor } from "../../../protocol/devices/sensors.ts";
import type { SpawnConfig } from "../../../protocol/spawn_config.ts";
import { DeviceError } from "../../devices/device_error.ts";
import type { FoundSensor } from "../../devices/inventory.ts";
import type { OpenDevices } from "../../devices/open_devices.ts";
import { isSamePlace, type Place } from "../../devices/place.ts";
import type { Places } from "../../devices/places.ts";
import type { Sensors } from "../../devices/sensors.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import { shown } from "../reports/inventory.ts";

export interface DeviceDeskParts {
  readonly sensors: Pick<Sensors, "list" | "read" | "failuresOf">;
  readonly open: Pick<OpenDevices, "open" | "act" | "close" | "paused" | "exited">;
  readonly places: Pick<Places, "find">;
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
  /** Ports that another program had open when an agent asked last. */
  readonly #busy = new Set<string>();

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
    if (Object.values(devices).every((entries) => entries.length === 0)) return undefined;
    return this.#missingSensor(devices).then((sensor) => sensor ?? this.#missingDevice(name, devices));
  }

  /** Whether another program had that port open when an agent asked for it last. */
  isBusy(path: string): boolean {
    return this.#busy.has(path);
  }

  /** Its outputs go to their safe level. */
  paused(agent: SupervisedAgent): void {
    this.parts.open.paused(agent);
  }

  /** Its process has ended: its outputs go to their safe level, and its devices are free. */
  exited(agent: SupervisedAgent): void {
    this.parts.open.exited(agent);
  }

  async #missingSensor(devices: Devices): Promise<string | undefined> {
    if (devices.sensors.length === 0) return undefined;
    const found = await this.parts.sensors.list();
    const entry = devices.sensors.find((entry) => !found.some((sensor) => meansSensor(entry, sensor)));
    return entry === undefined ? undefined : `devices.sensors '${entry}': ${noSuchSensor(found)}`;
  }

  /** A device belongs to one agent: the message for any other names the holder. */
  async #missingDevice(name: string, devices: Devices): Promise<string | undefined> {
    for (const kind of HELD_KINDS) {
      for (const entry of devices[kind]) {
        try {
          const holder = await this.#holderOf(await this.parts.places.find(kind, entry), name);
          if (holder !== undefined) {
            return `devices.${kind} '${entry}': agent '${holder}' has the ${DEVICE_NOUNS[kind]}`;
          }
        } catch (error) {
          return `devices.${kind} '${entry}': ${(error as Error).message}`;
        }
      }
    }
    return undefined;
  }

  /** The agent other than `name` whose spawn config asks for that place. */
  async #holderOf(place: Place, name: string): Promise<string | undefined> {
    for (const other of this.parts.agents()) {
      if (other.name === name) continue;
      for (const entry of other.config.devices[place.kind]) {
        const its = await this.parts.places.find(place.kind, entry).catch(() => undefined);
        if (its !== undefined && isSamePlace(its, place)) return other.name;
      }
    }
    return undefined;
  }

  async #open(agent: SupervisedAgent, { kind, entry, options }: OpenRequest): Promise<number> {
    const { name, config } = agent;
    const what = `open ${DEVICE_NOUNS[kind]} '${entry}'`;
    const isGranted = config.devices[kind].includes(entry) &&
      deviceCovers(kind, this.parts.allowed(name)[kind], entry);
    if (!isGranted) {
      this.parts.onDenied(agent, kind, entry);
      throw notGranted(what, kind, entry);
    }
    const place = await this.#placeOf(kind, entry, what);
    const handle = await this.#openPlace(agent, place, setupOf(kind, options));
    // What the entry means may have changed while it was opened: a link, or what is plugged in.
    const now = await this.parts.places.find(kind, entry).catch(() => undefined);
    if (now !== undefined && isSamePlace(now, place) && now.plugged === place.plugged) return handle;
    await this.parts.open.close(agent, handle).catch(() => {});
    throw new DeviceError("not_found", `Cannot ${what}: it was unplugged, or is another now`);
  }

  /** @throws DeviceError */
  async #openPlace(agent: SupervisedAgent, place: Place, setup: Setup): Promise<number> {
    if (place.kind !== "serial") return await this.parts.open.open(agent, place, setup);
    this.#busy.delete(place.path);
    try {
      return await this.parts.open.open(agent, place, setup);
    } catch (error) {
      // Another agent is refused before: at its spawn.
      if (error instanceof DeviceError && error.reason === "busy") this.#busy.add(place.path);
      throw error;
    }
  }

  /** @throws DeviceError */
  async #placeOf(kind: HeldKind, entry: string, what: string): Promise<Place> {
    try {
      return await this.parts.places.find(kind, entry);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      throw new DeviceError(error.reason, `Cannot ${what}: ${error.message}`);
    }
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
      case "open":
        return await this.#open(agent, request);
      case "act":
        return await this.parts.open.act(agent, request.handle, request.action);
      case "close":
        await this.parts.open.close(agent, request.handle);
        return 0;
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

/** With defaults: the harness is not trusted to have filled them in. */
function setupOf(kind: HeldKind, options: unknown): Setup {
  return { kind, options: READ_OPTIONS[kind](options) } as Setup;
}
