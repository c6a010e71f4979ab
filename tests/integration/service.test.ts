/** A node as a service: what it says on systemd's socket, as its own process. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { NotifyListener } from "../support/notify_listener.ts";

const WATCHDOG_USEC = "200000";

for (const abstract of [false, true]) {
  Deno.test(`service says on ${abstract ? "an abstract socket" : "its socket"} that it is up, lives, and ends`, async () => {
    await using systemd = await NotifyListener.open(abstract);
    await using broker = await startEmbedded();
    const env = { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC };
    await using node = await NodeProcess.start({ port: broker.port, env });
    await systemd.until((message) => message === "WATCHDOG=1");
    assertEquals(systemd.heard[0], `READY=1\nSTATUS=Uses the broker at mqtt://127.0.0.1:${broker.port}`);
    assertEquals((await node.end()).code, 0);
    await systemd.until((message) => message.startsWith("STOPPING=1\n"));
    assertMatch(systemd.heard.at(-1) ?? "", /^STOPPING=1\n/, "nothing comes after it");
  });
}

Deno.test("service is up without its broker, which may come later", async () => {
  await using systemd = await NotifyListener.open();
  await using _node = await NodeProcess.start({ port: 1, env: { NOTIFY_SOCKET: systemd.path } });
  await systemd.until((message) => message.startsWith("READY=1\n"));
});

Deno.test("service that is stopped for good over the bus says so, and ends with 0", async () => {
  await using systemd = await NotifyListener.open();
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port, env: { NOTIFY_SOCKET: systemd.path } });
  await bus.on(`nodes/${node.name}/heartbeat`);
  await bus.publish(`nodes/${node.name}/stop_all`, {});
  await systemd.until((message) => message.startsWith("STOPPING=1\n"));
  assertEquals(await node.exitCode(), 0);
});

Deno.test("service that ends at once has still said that it was up, and that it ends", async () => {
  await using systemd = await NotifyListener.open();
  const module = (path: string) => JSON.stringify(new URL(`../../runner/${path}`, import.meta.url).href);
  const expectations = JSON.stringify({ socket: systemd.path, endsWithProcess: true });
  const program = `
    import { accompany } from ${module("service/accompany.ts")};
    import { systemClock } from ${module("clock.ts")};
    await accompany(${expectations}, "up", AbortSignal.abort(), systemClock, console);
    Deno.exit(0);`;
  const args = ["run", "--quiet", "-A", "--unstable-net", "-"];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  assertEquals((await child.status).code, 0);
  await systemd.until((message) => message.startsWith("STOPPING=1\n"));
  assertEquals(systemd.heard, ["READY=1\nSTATUS=up", "STOPPING=1\nSTATUS=Stopping all agents"]);
});

Deno.test("service that cannot run agents never says that it is up", async () => {
  await using systemd = await NotifyListener.open();
  await using node = await NodeProcess.start({
    port: 1,
    env: { NOTIFY_SOCKET: systemd.path },
    args: ["--work-dir", "/proc/nowhere"],
  });
  assertEquals(await node.exitCode(), 1);
  assertEquals(systemd.heard, []);
});

Deno.test("service goes on where nobody listens to it, and says so once", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const env = { NOTIFY_SOCKET: "/nowhere/notify", WATCHDOG_USEC };
  await using node = await NodeProcess.start({ port: broker.port, env });
  await bus.on(`nodes/${node.name}/heartbeat`);
  await node.logged(/Cannot notify systemd on \/nowhere\/notify: No such file/);
  assert(node.child.pid > 0);
  assertEquals(node.stderr.filter((line) => line.includes("Cannot notify")).length, 1);
});
