/** The lines, addresses and ports that agents have open, and what happens to them when an agent cannot drive them. */
import { DEVICE_NOUNS } from "../../protocol/devices/devices.ts";
import {
  type DeviceAction,
  type DeviceValue,
  kindOfAction,
  type Setup,
} from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Clock } from "../clock.ts";
import { DeviceError } from "./device_error.ts";
import type { HostEvent } from "./host/frames.ts";
import { HostClient, type HostProcess } from "./host_client.ts";
import { isSamePlace, type Place } from "./place.ts";
import { isOutput, isRefusedToPaused, restingOptions } from "./resting.ts";

/** The properties of an agent that `OpenDevices` needs. */
export interface DeviceUser {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: { readonly paused: boolean };
  send(frame: RunnerFrame): boolean;
}

export interface OpenDevicesParts {
  readonly clock: Clock;
  /** Starts the host of a device node. */
  readonly startHost: (place: Place) => Promise<HostProcess>;
  /** Called with messages for the operator. */
  readonly onProblem: (message: string) => void;
}

interface OpenDevice {
  readonly user: DeviceUser;
  readonly pid: number | undefined;
  readonly place: Place;
  readonly setup: Setup;
}

/** How many devices one agent may have open at the same time. */
const MAX_OPEN = 64;
/** How long a host without an open device is kept: an agent that restarts need not wait for another one. */
const LINGER_MS = 10_000;

/**
 * Invariants: an output is at its safe level whenever its agent does not run, or is paused; a device is open for one
 * process of one agent. If a host ends unexpectedly, the next one sets its outputs to safe. No host runs for long
 * without an open device, and none is used again once its device node is gone.
 */
export class OpenDevices {
  readonly #open = new Map<number, OpenDevice>();
  readonly #hosts = new Map<string, HostClient>();
  /** Hosts of device nodes that are gone, until they have ended. */
  readonly #retiring = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #lastHandle = 0;

  constructor(private readonly parts: OpenDevicesParts) {}

  /** @param setup of the kind of `place` @returns a handle @throws DeviceError */
  async open(user: DeviceUser, place: Place, setup: Setup): Promise<number> {
    const { pid } = user;
    const open = [...this.#open.values()];
    if (open.filter((device) => device.user === user).length >= MAX_OPEN) {
      throw new DeviceError("busy", `an agent has up to ${MAX_OPEN} devices open`);
    }
    const held = open.find((device) => isSamePlace(device.place, place));
    if (held !== undefined && held.user !== user) {
      throw new DeviceError("busy", `agent '${held.user.name}' has the ${DEVICE_NOUNS[place.kind]}`);
    }
    const host = this.#hostOf(place);
    const [agent, { unit }] = [user.name, place];
    await host.request({ op: "grant", agent, unit });
    // A paused agent does not drive its outputs.
    const options = user.state.paused ? restingOptions(setup) : setup.options;
    await host.request({ op: "open", agent, unit, options });
    const handle = ++this.#lastHandle;
    this.#open.set(handle, { user, pid, place, setup });
    if (user.pid === pid && pid !== undefined) return handle;
    // The process has ended in the meantime.
    await this.#release(handle);
    throw new DeviceError("failed", "the agent's process has ended");
  }

  /** @throws DeviceError */
  async act(user: DeviceUser, handle: number, action: DeviceAction): Promise<DeviceValue> {
    const { place } = this.#deviceOf(user, handle);
    if (kindOfAction(action) !== place.kind) throw notOpen();
    if (user.state.paused && isRefusedToPaused(action)) {
      throw new DeviceError("paused", "an agent that is paused drives no output");
    }
    return await this.#hostOf(place).request({ op: "act", agent: user.name, unit: place.unit, action });
  }

  /** @throws DeviceError */
  async close(user: DeviceUser, handle: number): Promise<void> {
    this.#deviceOf(user, handle);
    await this.#release(handle);
  }

  /** The agent is paused: its outputs go to their safe level. */
  paused(user: DeviceUser): void {
    for (const device of this.#open.values()) {
      if (device.user !== user || !isOutput(device.setup)) continue;
      const { place } = device;
      void this.#hostOf(place).request({ op: "rest", agent: user.name, unit: place.unit })
        .catch((error) => this.#say(device, error));
    }
  }

  /** The agent's process has ended, for whatever reason. */
  exited(user: DeviceUser): void {
    for (const [handle, device] of this.#open) if (device.user === user) void this.#release(handle);
  }

  /** The node ends: hosts set their outputs to safe, and end. */
  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...[...this.#hosts.values()].map((host) => host.close()), ...this.#retiring]);
  }

  async #release(handle: number): Promise<void> {
    const device = this.#open.get(handle);
    this.#open.delete(handle);
    if (device === undefined) return;
    const { place, user: { name: agent } } = device;
    await this.#hostOf(place).request({ op: "close", agent, unit: place.unit })
      .catch((error) => this.#say(device, error));
    void this.#endIdle(place);
  }

  #deviceOf(user: DeviceUser, handle: number): OpenDevice {
    const device = this.#open.get(handle);
    if (device?.user === user) return device;
    throw notOpen();
  }

  #hostOf(place: Place): HostClient {
    const key = keyOf(place);
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    // One that retires has nothing more to say about the devices of the next one.
    const isCurrent = () => this.#hosts.get(key) === host;
    const host: HostClient = new HostClient({
      start: () => this.parts.startHost(place),
      clock: this.parts.clock,
      onEvent: (unit, event) => isCurrent() && this.#tell(key, unit, event),
      onLost: () => isCurrent() && this.#lost(key, place),
    });
    this.#hosts.set(key, host);
    if (this.#ending.signal.aborted) void host.close();
    return host;
  }

  async #endIdle(place: Place): Promise<void> {
    if (!await this.parts.clock.sleep(LINGER_MS, this.#ending.signal)) return;
    const key = keyOf(place);
    const host = this.#hosts.get(key);
    if (host === undefined || host.isAsked || this.#openAt(key).length > 0) return;
    this.#hosts.delete(key);
    await host.close();
  }

  #openAt(key: string): (readonly [handle: number, OpenDevice])[] {
    return [...this.#open].filter(([, { place }]) => keyOf(place) === key);
  }

  #tell(key: string, unit: number, event: HostEvent): void {
    for (const [handle, { user, place }] of this.#openAt(key)) {
      if (place.unit !== unit) continue;
      if ("gone" in event) this.#gone(handle, event.gone);
      else user.send({ t: "device_event", handle, event });
    }
  }

  /** It was unplugged: its agent can open it again once it is back. */
  #gone(handle: number, message: string): void {
    const device = this.#open.get(handle);
    if (device === undefined) return;
    const { user, place } = device;
    user.send({ t: "device_gone", handle, code: "not_found", message });
    const key = keyOf(place);
    const host = this.#hosts.get(key);
    if (host === undefined || this.#openAt(key).length > 1) return void this.#release(handle);
    // The kernel's walls let it open this node only, not the next one of the same name, even with the same numbers.
    this.#open.delete(handle);
    this.#hosts.delete(key);
    const retiring = this.#retire(host, device).finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  async #retire(host: HostClient, { user, place: { unit } }: OpenDevice): Promise<void> {
    // What is under way is answered first. There is nothing left to set to safe.
    await host.request({ op: "close", agent: user.name, unit }).catch(() => {});
    await host.close();
  }

  /** The outputs keep their levels, and nobody drives them until the next host sets them to safe. */
  #lost(key: string, place: Place): void {
    const { path } = place;
    const devices = this.#openAt(key);
    this.parts.onProblem(`The device host of ${path} has ended, with ${devices.length} devices open`);
    for (const [handle, device] of devices) {
      this.#open.delete(handle);
      const message = `the device host of ${path} has ended: open the ${DEVICE_NOUNS[place.kind]} again`;
      device.user.send({ t: "device_gone", handle, code: "failed", message });
      if (isOutput(device.setup)) void this.#makeSafe(device);
    }
    void this.#endIdle(place);
  }

  async #makeSafe(device: OpenDevice): Promise<void> {
    const { place, setup, user: { name: agent } } = device;
    const { unit } = place;
    const host = this.#hostOf(place);
    try {
      await host.request({ op: "grant", agent, unit });
      await host.request({ op: "open", agent, unit, options: restingOptions(setup) });
      await host.request({ op: "close", agent, unit });
    } catch (error) {
      this.#say(device, error as Error);
    }
  }

  #say({ place, setup, user: { name } }: OpenDevice, error: Error): void {
    if (!isOutput(setup)) return;
    this.parts.onProblem(
      `${
        DEVICE_NOUNS[place.kind]
      } ${place.unit} of ${place.path}, of agent '${name}', may not be at its safe level: ` +
        error.message,
    );
  }
}

function keyOf({ kind, path, plugged }: Place): string {
  return `${kind} ${path} ${plugged}`;
}

function notOpen(): DeviceError {
  return new DeviceError("not_granted", "the agent has no such device open");
}
