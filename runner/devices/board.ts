/** What the machine calls itself, from its device tree or its firmware. */
import { join } from "@std/path";

/** @param sys where the kernel shows its devices @returns `""` for a machine that does not say */
export async function boardOf(sys: string): Promise<string> {
  const ofTree = await textOf(join(sys, "firmware/devicetree/base/model"));
  if (ofTree !== "") return ofTree;
  const dmi = join(sys, "class/dmi/id");
  const [vendor, product] = [await textOf(join(dmi, "sys_vendor")), await textOf(join(dmi, "product_name"))];
  return `${vendor} ${product}`.trim();
}

/** Strings of a device tree end with a zero byte. */
async function textOf(file: string): Promise<string> {
  try {
    return (await Deno.readTextFile(file)).replaceAll("\0", "").trim().slice(0, 100);
  } catch {
    return "";
  }
}
