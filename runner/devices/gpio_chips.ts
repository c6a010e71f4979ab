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

/** A list of strings in a device tree: each ends with a zero byte. */
async function namesOf(folder: string): Promise<readonly string[]> {
  try {
    const text = await Deno.readTextFile(join(folder, "of_node/gpio-line-names"));
    // Some boards call lines without a use so, several of them.
    return text.split("\0").slice(0, -1).map((name) => name === "-" ? "" : name);
  } catch {
    // The board's device tree names none.
    return [];
  }
}
