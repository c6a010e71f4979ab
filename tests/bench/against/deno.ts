/** Deno without this project: a program that starts, and MQTT.js with nothing between its loop and the broker. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { Bus } from "../../support/bus.ts";
import type { Rig } from "../rig.ts";
import type { Sample } from "./contest.ts";
import { runProgram } from "./program.ts";
import type { Talker } from "./talker.ts";

/** Milliseconds from the start of `deno run` to the line that it prints. */
export async function bareStart(rig: Rig): Promise<Sample> {
  const path = join(await rig.folder(), "line.ts");
  await Deno.writeTextFile(path, `console.log("here");\n`);
  return async () => {
    const startMs = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-check", path],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.getReader();
    await lines.read();
    const tookMs = performance.now() - startMs;
    await lines.cancel();
    await child.status;
    return tookMs;
  };
}

/** MQTT.js in a process of its own. */
export async function bareClient(rig: Rig): Promise<Talker> {
  const { port } = rig.broker;
  const bus = await rig.own(() => Bus.connect(port, "bench/deno/up"));
  const client = fileURLToPath(new URL("bare_client.ts", import.meta.url));
  const pid = await runProgram(rig, Deno.execPath(), ["run", "-A", "--quiet", client, String(port)]);
  await bus.on("bench/deno/up");
  return { pids: [pid], ask: (order) => bus.publish("bench/deno/orders", order) };
}
