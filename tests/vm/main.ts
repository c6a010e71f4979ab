/**
 * `deno task test:vm`: the node as a service of a real systemd, in a Debian guest under qemu, from its installation to
 * power cuts. Installs nothing on this machine; the guest reaches nothing but a broker on its loopback.
 */
import { join } from "@std/path";
import { bundleRunner } from "../../operator/release/bundle.ts";
import { Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { archiveUnit } from "./archive.ts";
import { deployedUnit } from "./deployed.ts";
import { type Accelerator, Guest } from "./guest.ts";
import { guestImage, type Image, missingPackages } from "./image.ts";
import { fetchPython } from "./python.ts";
import { say, Stage } from "./stage.ts";

const LONGEST_MS = 45 * 60_000;
/** Kept between runs. */
const cache = new URL("../../.cache/vm/", import.meta.url).pathname;

async function main(): Promise<number> {
  const missing = missingPackages();
  if (Deno.build.arch !== "x86_64" || missing.length > 0) {
    say(
      `SKIP ${
        missing.length > 0
          ? `this machine lacks ${missing.join(", ")}: apt-get install them`
          : "not an x86_64 machine"
      }`,
    );
    return 0;
  }
  const startedMs = performance.now();
  const image = await guestImage(cache, () => say("Making the guest's disk (Debian 12), once"));
  const folder = await Deno.makeTempDir({ prefix: "agentflow-vm-test-" });
  try {
    const runner = join(folder, "agentflow-node.js");
    await bundleRunner(runner);
    await using guest = await bootGuest(image);
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    const stage = new Stage(guest, broker, bus);
    // What hangs in spite of all deadlines: the guest goes, and every scene fails.
    const timer = setTimeout(() => {
      say(`The whole has taken more than ${LONGEST_MS / 60_000} minutes: the guest is ended`);
      void guest.cutPower();
    }, LONGEST_MS);
    const scenes = new Set(Deno.args.length > 0 ? Deno.args : ["archive", "user", "system"]);
    if (scenes.has("archive")) await archiveUnit(stage, runner, await fetchPython(folder, runner));
    if (scenes.has("user")) await deployedUnit(stage, "user", folder, runner);
    if (scenes.has("system")) await deployedUnit(stage, "system", folder, runner);
    clearTimeout(timer);
    say(
      `${stage.passed} passed, ${stage.failed} failed in ${
        ((performance.now() - startedMs) / 60_000).toFixed(1)
      } min`,
    );
    say(`${stage.passed} passed, ${stage.failed} failed`);
    return stage.failed === 0 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** With the processor's own help where that works, which it does not inside every other guest; else emulated. */
async function bootGuest(image: Image): Promise<Guest & AsyncDisposable> {
  const wanted: Accelerator[] = canUseKvm() ? ["kvm", "tcg"] : ["tcg"];
  for (const accelerator of wanted) {
    const guest = await Guest.make(image, accelerator);
    const startedMs = performance.now();
    try {
      await guest.boot();
      say(
        `Guest is up with systemd, by ${accelerator} (${
          ((performance.now() - startedMs) / 1000).toFixed(1)
        } s)`,
      );
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      if (accelerator === wanted.at(-1)) throw error;
      say(`No guest by ${accelerator} here: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  throw new Error("no accelerator");
}

function canUseKvm(): boolean {
  try {
    Deno.openSync("/dev/kvm", { read: true, write: true }).close();
    return true;
  } catch {
    // Not there, or not ours.
    return false;
  }
}

if (import.meta.main) Deno.exit(await main());
