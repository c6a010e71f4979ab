/**
 * `deno task test:hardware`: the node with a real GPIO chip, an I2C bus and a sensor of the kernel, in two small guests.
 * A guest is a kernel and an initramfs; a scenario of `inside/` runs in it, and asks for edges, which come from outside,
 * over its console.
 */
import { join } from "@std/path";
import { findProgram } from "../support/programs.ts";
import PACKAGES from "../support/programs.json" with { type: "json" };
import { type Guest, GUESTS } from "./guests.ts";
import { type Made, makeGuest } from "./make_guest.ts";
import { EDGE_PLEASE, THE_END } from "./words.ts";

/** Of each guest. */
const LONGEST_MS = 290_000;
/** Kept between runs. */
const cache = new URL("../../.cache/hardware/", import.meta.url).pathname;

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

/** @param chosen the architectures of the guests that run; all if there is none */
async function main(chosen: readonly string[]): Promise<number> {
  const guests = GUESTS.filter(({ architecture }) => chosen.length === 0 || chosen.includes(architecture));
  let [passed, failed] = [0, 0];
  for (const guest of guests) {
    if (findProgram(guest.qemu) === undefined) {
      say(`SKIP ${guest.title}: this machine lacks ${guest.qemu}: apt-get install ${PACKAGES[guest.qemu]}`);
      if (Deno.env.get("AGENTFLOW_REQUIRE_PROGRAMS") === "1") failed += 1;
      continue;
    }
    const count = await visit(guest);
    passed += count.passed;
    failed += count.failed + (count.passed === 0 ? 1 : 0);
  }
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function visit(guest: Guest): Promise<Count> {
  const startedMs = performance.now();
  await Deno.mkdir(cache, { recursive: true });
  const folder = await Deno.makeTempDir({ prefix: "agentflow-hardware-" });
  try {
    say(`${guest.title}:`);
    const count = await runGuest(guest, folder, await makeGuest(guest, cache, folder, say));
    say(`${guest.title}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s in all`);
    return count;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Shows what its console says, and presses its button when it asks for that. */
async function runGuest(guest: Guest, folder: string, { kernel, initramfs }: Made): Promise<Count> {
  const monitor = join(folder, "monitor");
  const qemu = new Deno.Command(guest.qemu, {
    args: [
      ...guest.machine,
      ...["-smp", "2", "-m", "1536", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"],
      ...["-monitor", `unix:${monitor},server,nowait`],
      ...["-kernel", kernel, "-initrd", initramfs],
      ...["-append", `${guest.kernelLine} quiet panic=-1 rdinit=/init`],
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

if (import.meta.main) Deno.exit(await main(Deno.args));
