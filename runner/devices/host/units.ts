/** What a device host has open, and for whom. */
import type { HeldKind } from "../../../protocol/devices/devices.ts";
import type { DeviceActions, DeviceOptions, DeviceValue } from "../../../protocol/devices/requests.ts";
import { DeviceError } from "../device_error.ts";
import type { HostRequest } from "./frames.ts";

/** An open line, address or port. Its methods throw `DeviceError`. */
export interface Unit<K extends HeldKind> {
  act(action: DeviceActions[K]): DeviceValue | Promise<DeviceValue>;
  /** An output goes to its safe level. */
  rest(): void;
  /** An output goes to its safe level before the first wait. */
  close(): Promise<void>;
}

/** Opens the units of one device node. */
export interface Driver<K extends HeldKind> {
  /** @param agent for the kernel's list of users @throws DeviceError */
  open(unit: number, options: DeviceOptions[K], agent: string): Unit<K>;
}

interface OpenUnit<K extends HeldKind> {
  readonly agent: string;
  readonly unit: Unit<K>;
}

/**
 * Invariants: a unit is used only by the agent that was granted it last; it is closed before another agent opens it.
 */
export class Units<K extends HeldKind> {
  readonly #granted = new Map<number, string>();
  readonly #open = new Map<number, OpenUnit<K>>();
  readonly #closing = new Map<number, Promise<void>>();

  constructor(private readonly driver: Driver<K>) {}

  /** @throws DeviceError */
  async carryOut(request: HostRequest): Promise<DeviceValue> {
    const { agent, unit: number } = request;
    const open = this.#open.get(number);
    if (request.op === "grant") {
      if (open !== undefined && open.agent !== agent) await this.#close(number, open);
      this.#granted.set(number, agent);
      return 0;
    }
    if (this.#granted.get(number) !== agent) {
      throw new DeviceError("not_granted", `unit ${number} is not granted to '${agent}'`);
    }
    if (request.op === "open") {
      await this.#closing.get(number)?.catch(() => {});
      if (this.#open.has(number)) throw new DeviceError("busy", `unit ${number} is open already`);
      // The runner sends this host, which has one kind, only requests of that kind.
      const unit = this.driver.open(number, request.options as DeviceOptions[K], agent);
      this.#open.set(number, { agent, unit });
      return 0;
    }
    if (open === undefined) throw new DeviceError("failed", `unit ${number} is not open`);
    switch (request.op) {
      case "act":
        return await open.unit.act(request.action as DeviceActions[K]);
      case "rest":
        open.unit.rest();
        return 0;
      case "close":
        await this.#close(number, open);
        return 0;
      default:
        return request satisfies never;
    }
  }

  /** All outputs go to their safe level, and all units are free. Does not wait. */
  closeAll(): void {
    for (const [number, open] of this.#open) void this.#close(number, open).catch(() => {});
  }

  #close(number: number, { unit }: OpenUnit<K>): Promise<void> {
    this.#open.delete(number);
    const closing = unit.close().finally(() => this.#closing.delete(number));
    this.#closing.set(number, closing);
    return closing;
  }
}
