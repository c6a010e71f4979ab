/** The SPI devices that programs may use, from `/sys`. */
import { join } from "@std/path";
import type { SpiDevice } from "../../protocol/devices/spi.ts";

/** Those with a device node. @param sys where the kernel shows its devices */
export async function findSpiDevices(sys: string): Promise<SpiDevice[]> {
  const devices: SpiDevice[] = [];
  try {
    for await (const { name } of Deno.readDir(join(sys, "class/spidev"))) {
      const [, device] = /^spidev(\d{1,3}\.\d{1,3})$/.exec(name) ?? [];
      if (device !== undefined) devices.push({ device });
    }
  } catch {
    // SPI is not switched on.
  }
  return devices.sort((a, b) => a.device.localeCompare(b.device, "en", { numeric: true }));
}
