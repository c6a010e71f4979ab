/** The PWM chips that the kernel has, from `/sys`. */
import { basename, join } from "@std/path";
import type { PwmChip } from "../../protocol/devices/inventory.ts";

/** @param sys where the kernel shows its devices */
export async function findPwmChips(sys: string): Promise<PwmChip[]> {
  const root = join(sys, "class/pwm");
  const chips: PwmChip[] = [];
  try {
    for await (const { name } of Deno.readDir(root)) {
      const [, chip] = /^pwmchip(\d{1,3})$/.exec(name) ?? [];
      if (chip === undefined) continue;
      const channels = Number(await Deno.readTextFile(join(root, name, "npwm")).catch(() => "0"));
      chips.push({ chip: Number(chip), name: await deviceOf(join(root, name)), channels });
    }
  } catch {
    // This kernel has none.
  }
  return chips.sort((a, b) => a.chip - b.chip);
}

/** The device behind a chip, such as `fe20c000.pwm`. */
async function deviceOf(folder: string): Promise<string> {
  try {
    return basename(await Deno.realPath(join(folder, "device"))).slice(0, 100);
  } catch {
    return "";
  }
}

/** Whether a chip's folder, which is a link, leads to one of the kernel's. */
export async function isInside(sys: string, folder: string): Promise<boolean> {
  return (await Deno.realPath(folder)).startsWith(`${await Deno.realPath(sys)}/`);
}
