/** What a device costs, and how fast it is: a serial port, for which there is a pseudo-terminal on any machine. */
import { join } from "@std/path";
import { openPty } from "../../support/pty.ts";
import type { Figure } from "../figure.ts";
import { pssMib } from "../machine.ts";
import { result } from "../report.ts";

const WARM_UP = 50;
const KIB = 1024;
/** Returns a byte at once; `-` ends this, and from then on it counts what comes. */
const CODE = (path: string) =>
  `export async function setup(agent) {
  const port = await agent.serial("${path}", { baudRate: 115200 });
  const [reader, writer] = [port.readable.getReader(), port.writable.getWriter()];
  await agent.publish("bench/open", true);
  (async () => {
    for (let isCounting = false, count = 0; ;) {
      const { value, done } = await reader.read();
      if (done) return;
      if (!isCounting) await writer.write(value);
      if (isCounting) await agent.publish("bench/count", count += value.length);
      isCounting ||= value.includes(45);
    }
  })();
}`;

export const devices: Figure = {
  name: "devices",
  method:
    "an agent has a pseudo-terminal as its serial port. Round trip: a byte is written at the other end, and " +
    `comes back through port, device host, node, agent and all the way back, one after the other; ${WARM_UP} before ` +
    "are not counted. Throughput: bytes from the other end until the agent has counted the last. Memory: Pss of the " +
    "device host, with a node and one agent beside it",
  async run(rig, quick) {
    const pty = openPty();
    try {
      const policy = join(await rig.folder(), "policy.json");
      await Deno.writeTextFile(policy, JSON.stringify({ devices: { serial: [pty.path] } }), { mode: 0o600 });
      const bus = await rig.bus("#");
      const node = await rig.node({ args: ["--policy", policy] });
      await bus.on(`nodes/${node.name}/heartbeat`);
      const before = (await hostPids()).length;
      await node.spawn(bus, { name: "echo", code: CODE(pty.path), devices: { serial: [pty.path] } });
      await bus.on("bench/open");
      const idle = await Promise.all((await hostPids()).map(pssMib));
      const trips = [];
      for (let n = 0; n < WARM_UP + (quick ? 50 : 1000); n++) {
        const startMs = performance.now();
        await pty.write(Uint8Array.of(n % 26 + 65));
        await pty.read(1);
        if (n >= WARM_UP) trips.push(performance.now() - startMs);
      }
      await pty.write(Uint8Array.of(45));
      await pty.read(1);
      const total = (quick ? 64 : 2048) * KIB;
      const startMs = performance.now();
      await pty.write(new Uint8Array(total));
      await bus.find(
        "the last byte",
        ({ topic, json }) => topic === "bench/count" && json === total,
        0,
        60_000,
      );
      const seconds = (performance.now() - startMs) / 1000;
      const busy = await Promise.all((await hostPids()).map(pssMib));
      return [
        result("byte at a port → agent → byte back, p50", "ms", trips),
        result("byte at a port → agent → byte back, p99", "ms", trips, undefined, "p99"),
        result("serial port → agent", "KiB/s", [total / KIB / seconds]),
        result("device hosts before a device is opened", "", [before], { atMost: 0 }),
        result("PSS of a device host, its port open", "MiB", idle, { atMost: 15 }),
        result("… after all these bytes", "MiB", busy, { atMost: 15 }),
      ];
    } finally {
      pty.unplug();
    }
  },
};

/** On this machine. */
async function hostPids(): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (line.includes("devices/host/main.ts\0serial\0")) pids.push(Number(name));
  }
  return pids;
}
