/** Lists the devices of this machine, with why the node cannot use one. Their holders are added by the node. */
import { join } from "@std/path";
import type { HeldBus, HeldPort, HeldPwm, HeldSpi } from "../../protocol/devices/inventory.ts";
import type { HeldChip } from "../../protocol/devices/gpio.ts";
import { DEVICE_GROUPS } from "../../protocol/devices/problem.ts";
import { modeProblem, openProblem } from "./access.ts";
import { boardOf } from "./board.ts";
import { findChips } from "./gpio_chips.ts";
import { driversOf, findBuses } from "./i2c_buses.ts";
import { findPwmChips } from "./pwm_chips.ts";
import { findSpiDevices } from "./spi_devices.ts";
import { consolesIn, findPorts } from "./serial_ports.ts";

/** What can belong to an agent, each without its holders, and what opens it. */
export interface Listing {
  readonly board: string;
  readonly gpio: readonly Listed<Omit<HeldChip, "holders">>[];
  readonly i2c: readonly Listed<Omit<HeldBus, "holders">>[];
  readonly spi: readonly Listed<Omit<HeldSpi, "holder">>[];
  readonly serial: readonly Listed<Omit<HeldPort, "holder">>[];
  readonly pwm: readonly Listed<Omit<HeldPwm, "holders">>[];
}

type Listed<T> = T & { readonly path: string };

/** More than any machine has: bounds what a made-up folder can cost. */
const MAX_OF_KIND = 64;

/** @param sys where the kernel shows its devices @param dev where their nodes are */
export async function listDevices(sys: string, dev = "/dev"): Promise<Listing> {
  const [board, chips, buses, selects, ports, consoles, modulators] = await Promise.all([
    boardOf(sys),
    findChips(sys),
    findBuses(sys),
    findSpiDevices(sys),
    findPorts(sys, dev),
    consolesIn(sys, dev),
    findPwmChips(sys),
  ]);
  const gpio = chips.slice(0, MAX_OF_KIND).map(async (chip) => {
    const path = join(dev, chip.chip);
    return { ...chip, path, ...named(await openProblem(path, DEVICE_GROUPS.gpio)) };
  });
  const i2c = buses.slice(0, MAX_OF_KIND).map(async (bus) => {
    const path = join(dev, `i2c-${bus.bus}`);
    return {
      ...bus,
      path,
      drivers: await driversOf(sys, bus.bus),
      ...named(await openProblem(path, DEVICE_GROUPS.i2c)),
    };
  });
  const spi = selects.slice(0, MAX_OF_KIND).map(async (select) => {
    const path = join(dev, `spidev${select.device}`);
    return { ...select, path, ...named(await openProblem(path, DEVICE_GROUPS.spi)) };
  });
  const pwm = modulators.slice(0, MAX_OF_KIND).map(async (chip) => {
    const path = join(sys, `class/pwm/pwmchip${chip.chip}`);
    return { ...chip, path, ...named(await modeProblem(join(path, "export"), DEVICE_GROUPS.pwm)) };
  });
  const serial = ports.slice(0, MAX_OF_KIND).map(async (port) => {
    const isConsole = consoles.includes(port.path);
    return {
      ...port,
      ...named(isConsole ? { code: "console" } as const : await modeProblem(port.path, DEVICE_GROUPS.serial)),
    };
  });
  return {
    board,
    gpio: await Promise.all(gpio),
    i2c: await Promise.all(i2c),
    spi: await Promise.all(spi),
    serial: await Promise.all(serial),
    pwm: await Promise.all(pwm),
  };
}

function named<T>(problem: T | undefined): { readonly problem?: T } {
  return problem === undefined ? {} : { problem };
}
