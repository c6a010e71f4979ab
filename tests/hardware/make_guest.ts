/** Makes what a guest starts from: Debian's kernel, and an initramfs with Deno, the node and a scenario. */
import { dirname, join } from "@std/path";
import { bundle, bundleRunner } from "../../operator/release/bundle.ts";
import { fetchDeno } from "../../operator/release/deno_binary.ts";
import { debianRoot, DENO_LIBRARIES } from "../arm/emulation.ts";
import type { Guest } from "./guests.ts";
import { writeInitramfs } from "./initramfs.ts";
import { THE_END } from "./words.ts";

export interface Made {
  readonly kernel: string;
  readonly initramfs: string;
}

/** @param cache kept between runs @param folder for this run */
export async function makeGuest(
  guest: Guest,
  cache: string,
  folder: string,
  onProgress: (message: string) => void,
): Promise<Made> {
  const [deno, packages] = await Promise.all([
    fetchDeno(guest.architecture, { cacheDir: cache, env: Deno.env.toObject(), onProgress }),
    debianRoot(join(cache, guest.debian), guest.debian, [
      ...DENO_LIBRARIES,
      "busybox-static",
      "linux-image-",
      ...guest.packages,
    ]),
  ]);
  const root = join(folder, "root");
  const put = async (from: string, to: string) => {
    await Deno.mkdir(dirname(join(root, to)), { recursive: true });
    await Deno.copyFile(from, join(root, to));
  };
  const { libraries, loader } = guest;
  for await (const { name, isFile } of Deno.readDir(join(packages, libraries))) {
    if (isFile || /^lib(?:c|dl|pthread|rt|m|gcc_s|crypt)\.so/.test(name)) {
      await put(join(packages, libraries, name), `${libraries}/${name}`);
    }
  }
  const files = { [loader]: loader, "bin/busybox": "bin/busybox", ...guest.files };
  for (const [from, to] of Object.entries(files)) await put(join(packages, from), to);
  for (const [name] of guest.modules) {
    await put(await findBelow(join(packages, "lib/modules"), `${name}.ko`), modulePath(name));
  }
  await put(deno, "bin/deno");
  await bundleRunner(join(root, "agentflow-node.js"));
  await bundle(["--platform=deno"], guest.scenario, join(root, "scenario.js"));
  await Deno.writeTextFile(join(root, "init"), initOf(guest));
  await Deno.mkdir(join(root, "dev"));
  const initramfs = join(folder, "initramfs");
  await writeInitramfs(root, initramfs);
  await Deno.remove(root, { recursive: true });
  return { kernel: await kernelIn(join(packages, "boot")), initramfs };
}

function initOf({ modules }: Guest): string {
  const lines = [
    "#!/bin/busybox sh",
    "/bin/busybox mkdir -p /proc /sys /tmp /work /state",
    "/bin/busybox mount -t proc proc /proc",
    "/bin/busybox mount -t sysfs sysfs /sys",
    "/bin/busybox mount -t devtmpfs dev /dev",
    "/bin/busybox --install -s /bin",
    "ip link set lo up",
    ...modules.map(([name, ...options]) => ["insmod", `/${modulePath(name)}`, ...options].join(" ")),
    "export HOME=/tmp PATH=/bin DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1",
    "/bin/deno run -A --quiet /scenario.js",
    `echo "${THE_END}"`,
    "poweroff -f",
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function modulePath(name: string): string {
  return `modules/${name}.ko`;
}

async function findBelow(folder: string, wanted: string): Promise<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (name === wanted) return path;
    const found = isDirectory ? await findBelow(path, wanted) : "";
    if (found !== "") return found;
  }
  return "";
}

async function kernelIn(folder: string): Promise<string> {
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("vmlinuz-")) return join(folder, name);
  }
  throw new Error(`there is no kernel in ${folder}`);
}
