/**
 * `deno task test:hardware`: the node with a real GPIO chip, in a small arm64 guest under full emulation. The guest is a
 * kernel and an initramfs; `scenario.ts` runs in it, and asks for edges, which come from outside, over its console.
 */
import { dirname, join } from "@std/path";
import { bundle, bundleRunner } from "../../operator/release/bundle.ts";
import { fetchDeno } from "../../operator/release/deno_binary.ts";
import { armRoot } from "../arm/emulation.ts";
import { findProgram } from "../support/programs.ts";
import { writeInitramfs } from "./initramfs.ts";
import { EDGE_PLEASE, THE_END } from "./words.ts";

const LONGEST_MS = 290_000;
const PACKAGES = ["libc6", "libgcc-s1", "busybox-static", "linux-image-"];
/** Kept between runs. */
const cache = new URL("../../.cache/hardware/", import.meta.url).pathname;

/** `iomem=relaxed`: the registers of the chip can be read past its driver, as somebody with a voltmeter would. */
const KERNEL_LINE = "console=ttyAMA0 quiet panic=-1 iomem=relaxed rdinit=/init";

const INIT = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /tmp /work /state
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /bin
ip link set lo up
export HOME=/tmp PATH=/bin DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1
/bin/deno run -A --quiet /scenario.js
echo "${THE_END}"
poweroff -f
`;

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

async function main(): Promise<number> {
  if (findProgram("qemu-system-aarch64") === undefined) {
    say("SKIP this machine lacks qemu-system-arm: apt-get install it");
    return Deno.env.get("AGENTFLOW_REQUIRE_PROGRAMS") === "1" ? 1 : 0;
  }
  const startedMs = performance.now();
  await Deno.mkdir(cache, { recursive: true });
  const folder = await Deno.makeTempDir({ prefix: "agentflow-hardware-" });
  try {
    const { kernel, initramfs } = await makeGuest(folder);
    const { passed, failed } = await runGuest(folder, kernel, initramfs);
    say(`${((performance.now() - startedMs) / 1000).toFixed(0)} s in all`);
    say(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeGuest(folder: string): Promise<{ kernel: string; initramfs: string }> {
  const [deno, packages] = await Promise.all([
    fetchDeno("aarch64", { cacheDir: cache, env: Deno.env.toObject(), onProgress: say }),
    armRoot(cache, PACKAGES),
  ]);
  const root = join(folder, "root");
  const put = async (from: string, to: string) => {
    await Deno.mkdir(dirname(join(root, to)), { recursive: true });
    await Deno.copyFile(from, join(root, to));
  };
  const library = "lib/aarch64-linux-gnu";
  for await (const { name, isFile } of Deno.readDir(join(packages, library))) {
    if (isFile || /^lib(?:c|dl|pthread|rt|m|gcc_s)\.so/.test(name)) {
      await put(join(packages, library, name), `${library}/${name}`);
    }
  }
  await put(join(packages, library, "ld-linux-aarch64.so.1"), "lib/ld-linux-aarch64.so.1");
  await put(join(packages, "bin/busybox"), "bin/busybox");
  await put(deno, "bin/deno");
  await bundleRunner(join(root, "agentflow-node.js"));
  await bundle(["--platform=deno"], new URL("./scenario.ts", import.meta.url), join(root, "scenario.js"));
  await Deno.writeTextFile(join(root, "init"), INIT);
  await Deno.mkdir(join(root, "dev"));
  const initramfs = join(folder, "initramfs");
  await writeInitramfs(root, initramfs);
  const [kernel = ""] = await Array.fromAsync(Deno.readDir(join(packages, "boot")), ({ name }) => name)
    .then((names) => names.filter((name) => name.startsWith("vmlinuz-")));
  return { kernel: join(packages, "boot", kernel), initramfs };
}

/** Shows what its console says, and presses its button when it asks for that. */
async function runGuest(
  folder: string,
  kernel: string,
  initramfs: string,
): Promise<{ passed: number; failed: number }> {
  const monitor = join(folder, "monitor");
  const qemu = new Deno.Command("qemu-system-aarch64", {
    args: [
      ...["-machine", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "1536", "-accel", "tcg,thread=multi"],
      ...["-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"],
      ...["-monitor", `unix:${monitor},server,nowait`],
      ...["-kernel", kernel, "-initrd", initramfs, "-append", KERNEL_LINE],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const timer = setTimeout(() => qemu.kill("SIGKILL"), LONGEST_MS);
  const count = { passed: 0, failed: 0 };
  let rest = "";
  let hasEnded = false;
  for await (const text of qemu.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.map((line) => line.trimEnd())) {
      say(`  | ${line}`);
      if (line.startsWith("PASS ")) count.passed++;
      if (line.startsWith("FAIL ")) count.failed++;
      if (line === EDGE_PLEASE) await pressButton(monitor);
      if (line === THE_END) hasEnded = true;
    }
  }
  await qemu.status;
  clearTimeout(timer);
  return hasEnded ? count : { ...count, failed: count.failed + 1 };
}

/** The power button of the machine is on line 3 of its chip: it goes up, and down again 100 ms later. */
async function pressButton(monitor: string): Promise<void> {
  using connection = await Deno.connect({ transport: "unix", path: monitor });
  await connection.write(new TextEncoder().encode("system_powerdown\n"));
  // The monitor reads a command only as long as somebody is there for its answer.
  await connection.read(new Uint8Array(1024));
  await new Promise((resolve) => setTimeout(resolve, 200));
}

if (import.meta.main) Deno.exit(await main());
