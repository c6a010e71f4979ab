/** The serial ports that the kernel has, with their stable names. */
import { join } from "@std/path";
import { isPortNode, type SerialPortInfo } from "../../protocol/devices/serial.ts";

/** Terminals with hardware behind them have a driver's folder. @param sys where the kernel shows its devices */
export async function findPorts(sys: string, dev = "/dev"): Promise<SerialPortInfo[]> {
  const names: string[] = [];
  for (const name of await namesIn(join(sys, "class/tty"))) {
    if (await isPort(join(sys, "class/tty", name))) names.push(name);
  }
  const links = await linksIn(dev);
  return names.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).map((name) => {
    const path = join(dev, name);
    return { path, links: links.filter(([, target]) => target === path).map(([link]) => link) };
  });
}

/** The device nodes of the ports to which the kernel writes its own messages. */
export async function consolesIn(sys: string, dev = "/dev"): Promise<readonly string[]> {
  try {
    const names = await Deno.readTextFile(join(sys, "class/tty/console/active"));
    return names.trim().split(" ").map((name) => join(dev, name));
  } catch {
    // It has no console.
    return [];
  }
}

/** The device node that a path leads to; `undefined` if there is none that can be a port. */
export async function portAt(path: string): Promise<string | undefined> {
  try {
    const real = await Deno.realPath(path);
    const { isCharDevice } = await Deno.lstat(real);
    return isCharDevice === true && isPortNode(real) ? real : undefined;
  } catch {
    return undefined;
  }
}

/** The kernel makes up to 32 ports of an 8250 chip, of which most are not there: their type is 0. */
async function isPort(folder: string): Promise<boolean> {
  const device = await Deno.stat(join(folder, "device")).catch(() => undefined);
  if (device === undefined) return false;
  const type = await Deno.readTextFile(join(folder, "type")).catch(() => "1");
  return type.trim() !== "0";
}

async function linksIn(dev: string): Promise<(readonly [link: string, target: string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const folder of ["serial/by-id", "serial/by-path"]) {
    for (const name of await namesIn(join(dev, folder))) {
      const link = join(dev, folder, name);
      const target = await Deno.realPath(link).catch(() => undefined);
      if (target !== undefined) found.push([link, target]);
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch {
    // There is none.
    return [];
  }
}
