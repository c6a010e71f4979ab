/** Finds the devices of spawn configs on this machine. */
import { join } from "@std/path";
import type { HeldKind } from "../../protocol/devices/devices.ts";
import { lineOf, noSuchLine } from "../../protocol/devices/gpio.ts";
import { i2cAddressOf, noSuchBus } from "../../protocol/devices/i2c.ts";
import { noSuchPort } from "../../protocol/devices/serial.ts";
import { channelOf, noSuchChannel } from "../../protocol/devices/pwm.ts";
import { noSuchSpi } from "../../protocol/devices/spi.ts";
import { DeviceError } from "./device_error.ts";
import { findPorts, portAt } from "./serial_ports.ts";
import { findChips } from "./gpio_chips.ts";
import { deviceName, driverOf, findBuses } from "./i2c_buses.ts";
import { listDevices, type Listing } from "./listing.ts";
import type { Place } from "./place.ts";
import { findPwmChips, isInside } from "./pwm_chips.ts";
import { findSpiDevices } from "./spi_devices.ts";

type Finder = (entry: string) => Promise<Omit<Place, "kind" | "plugged">>;

export class Places {
  readonly #finders: Readonly<Record<HeldKind, Finder>> = {
    gpio: (entry) => this.#line(entry),
    i2c: (entry) => this.#address(entry),
    spi: (entry) => this.#select(entry),
    serial: (entry) => this.#port(entry),
    pwm: (entry) => this.#channel(entry),
  };

  /** @param sys where the kernel shows its devices @param dev where their nodes are */
  constructor(private readonly sys: string, private readonly dev = "/dev") {}

  /**
   * @param entry in the form of its kind
   * @throws DeviceError, which says what there is instead
   */
  async find(kind: HeldKind, entry: string): Promise<Place> {
    const place = await this.#finders[kind](entry);
    return { kind, ...place, plugged: await pluggedAt(place.path) };
  }

  /** All that can belong to an agent. */
  list(): Promise<Listing> {
    return listDevices(this.sys, this.dev);
  }

  async #line(entry: string) {
    const chips = await findChips(this.sys);
    const line = lineOf(entry, chips);
    if (line === undefined) throw new DeviceError("not_found", noSuchLine(chips));
    return { path: join(this.dev, line.chip), unit: line.offset };
  }

  async #address(entry: string) {
    const wanted = i2cAddressOf(entry);
    const buses = await findBuses(this.sys);
    if (wanted === undefined || !buses.some(({ bus }) => bus === wanted.bus)) {
      throw new DeviceError("not_found", noSuchBus(buses));
    }
    const driver = await driverOf(this.sys, wanted);
    if (driver !== undefined) {
      throw new DeviceError(
        "busy",
        `the kernel's driver ${driver} has the address: read its sensor, one of those that ` +
          `agent.sensors() lists with ${deviceName(wanted)} in their id`,
      );
    }
    return { path: join(this.dev, `i2c-${wanted.bus}`), unit: wanted.address };
  }

  async #select(entry: string) {
    const devices = await findSpiDevices(this.sys);
    if (!devices.some(({ device }) => device === entry)) {
      throw new DeviceError("not_found", noSuchSpi(devices));
    }
    return { path: join(this.dev, `spidev${entry}`), unit: 0 };
  }

  async #channel(entry: string) {
    const chips = await findPwmChips(this.sys);
    const found = channelOf(entry, chips);
    if (found === undefined) throw new DeviceError("not_found", noSuchChannel(chips));
    const path = join(this.sys, `class/pwm/pwmchip${found.chip}`);
    if (await isInside(this.sys, path)) return { path, unit: found.channel };
    throw new DeviceError("failed", `${path} leads out of ${this.sys}`);
  }

  async #port(entry: string) {
    const path = await portAt(entry);
    if (path !== undefined) return { path, unit: 0 };
    throw new DeviceError("not_found", noSuchPort(await findPorts(this.sys, this.dev)));
  }
}

/** The identity of a device node: a device that is plugged in again gets another. */
async function pluggedAt(path: string): Promise<string> {
  try {
    const { dev, ino, rdev } = await Deno.lstat(path);
    return `${dev}:${ino}:${rdev}`;
  } catch {
    // Opening it says why.
    return "";
  }
}
