/** The GPIO chips that the kernel has, and the names of their lines, from `/sys` and the device tree. */
import { join } from "@std/path";
import type { GpioChip } from "../../protocol/devices/gpio.ts";

/** @param sys where the kernel shows its devices */
export async function findChips(sys: string): Promise<GpioChip[]> {
  const root = join(sys, "bus/gpio/devices");
  const chips: GpioChip[] = [];
  try {
    for await (const { name: chip } of Deno.readDir(root)) {
      if (/^gpiochip\d{1,3}$/.test(chip)) chips.push({ chip, names: await namesOf(join(root, chip)) });
    }
  } catch {
    // This kernel has no GPIO.
  }
  return chips.sort((a, b) => a.chip.localeCompare(b.chip, "en", { numeric: true }));
}

/** Why this process cannot use the chip; `undefined` if it can. Opening a chip changes nothing. */
export async function chipProblem({ chip }: GpioChip, dev = "/dev"): Promise<string | undefined> {
  const path = join(dev, chip);
  try {
    (await Deno.open(path, { read: true, write: true })).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${path} is hidden from the node`;
    if (error instanceof Deno.errors.PermissionDenied) return `user ${Deno.uid()} may not open ${path}`;
    return (error as Error).message;
  }
}

/** A list of strings in a device tree: each ends with a zero byte. */
async function namesOf(folder: string): Promise<readonly string[]> {
  try {
    const text = await Deno.readTextFile(join(folder, "of_node/gpio-line-names"));
    return text.split("\0").slice(0, -1);
  } catch {
    // The board's device tree names none.
    return [];
  }
}
