/** The I2C buses that the kernel has, and which addresses its drivers have, from `/sys`. */
import { basename, join } from "@std/path";
import type { I2cAddress, I2cBus } from "../../protocol/devices/i2c.ts";

/** Those with a device node. @param sys where the kernel shows its devices */
export async function findBuses(sys: string): Promise<I2cBus[]> {
  const buses: I2cBus[] = [];
  try {
    for await (const { name } of Deno.readDir(join(sys, "class/i2c-dev"))) {
      const [, bus] = /^i2c-(\d{1,3})$/.exec(name) ?? [];
      if (bus !== undefined) buses.push({ bus: Number(bus), name: await nameOf(sys, name) });
    }
  } catch {
    // This kernel has none, or the module i2c-dev is not loaded.
  }
  return buses.sort((a, b) => a.bus - b.bus);
}

/** The driver of the kernel that has an address; `undefined` if it is free. */
export async function driverOf(sys: string, { bus, address }: I2cAddress): Promise<string | undefined> {
  try {
    const device = deviceName({ bus, address });
    return basename(await Deno.readLink(join(sys, "bus/i2c/devices", device, "driver")));
  } catch {
    return undefined;
  }
}

/** The drivers of the kernel on a bus, by the addresses that they have: `0x48`. */
export async function driversOf(sys: string, bus: number): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  try {
    for await (const { name } of Deno.readDir(join(sys, "bus/i2c/devices"))) {
      const [, of, hex = ""] = /^(\d{1,3})-00([0-7][0-9a-f])$/.exec(name) ?? [];
      if (Number(of) !== bus) continue;
      const driver = await driverOf(sys, { bus, address: parseInt(hex, 16) });
      if (driver !== undefined) found.push([`0x${hex}`, driver]);
    }
  } catch {
    // This kernel has no I2C.
  }
  return Object.fromEntries(found.sort(([one], [other]) => one < other ? -1 : 1));
}

/** As the kernel calls it: `1-0076`. */
export function deviceName({ bus, address }: I2cAddress): string {
  return `${bus}-${address.toString(16).padStart(4, "0")}`;
}

async function nameOf(sys: string, bus: string): Promise<string> {
  try {
    return (await Deno.readTextFile(join(sys, "bus/i2c/devices", bus, "name"))).trim().slice(0, 100);
  } catch {
    return "";
  }
}
