/** A broker with several addresses, of which one freezes: the node and operators go on at another. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlInProcess } from "../support/ctl_here.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const CTL = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));

async function ctl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", CTL, ...args],
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test({
  ...needing(
    MOSQUITTO,
    "a frozen broker is left for the next address within 10 s, by nodes and by operators",
  ),
  fn: async () => {
    await using first = await Mosquitto.start();
    await using second = await Mosquitto.start();
    const list = `127.0.0.1:${first.port},127.0.0.1:${second.port}`;
    await using before = await Bus.connect(first.port);
    await using after = await Bus.connect(second.port);
    await using _node = await NodeProcess.start({ port: 1883, args: ["--broker", list] });
    assertEquals(
      (await before.on("nodes/test-node/heartbeat")).json.connected_to,
      `mqtt://127.0.0.1:${first.port}`,
    );
    assertEquals(after.messages, []);

    first.freeze();
    const startedMs = performance.now();
    const { json } = await after.on("nodes/test-node/heartbeat");
    const tookMs = performance.now() - startedMs;
    assertEquals(json.connected_to, `mqtt://127.0.0.1:${second.port}`);
    assert(tookMs < 10_000, `${tookMs} ms`);
    const shown = await ctl("nodes", "--broker", list);
    assertMatch(shown, new RegExp(`test-node .*mqtt://127.0.0.1:${second.port}`));
    first.thaw();
  },
});

Deno.test("doctor tells addresses of brokers that do not know each other", async () => {
  await using first = await startEmbedded();
  await using stranger = await startEmbedded();
  const list = `127.0.0.1:${first.port},127.0.0.1:${stranger.port}`;
  const { code, stdout } = await ctlInProcess(["doctor", "--broker", list]);
  assertEquals(code, 1);
  assertMatch(stdout, /failed {3}broker: mqtt:\S+ does not pass on what is published at the first address/);
});
