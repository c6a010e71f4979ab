/** What a node takes over from whoever starts it: a terminal that goes away, a mode for files, a home. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { NodeProcess } from "../support/node_process.ts";
import { childrenOf, thoseLeft } from "../chaos/orphans.ts";
import { Stage } from "../support/stage.ts";

/** Far longer than a signal takes to end a process. */
const LONG_DEAD_MS = 200;

const KEEPER = `function setup(agent) { agent.persist("a", 1); }`;

Deno.test("SIGHUP ends a node in order, as a terminal does that is closed", async () => {
  await using stage = await Stage.set();
  const agent = await stage.spawn({ name: "one", code: KEEPER });
  const from = stage.bus.mark();
  assertEquals((await stage.node.end("SIGHUP")).code, 0);
  const { json } = await stage.bus.on("nodes/test-node/heartbeat", (m) => m.json.status === "offline", from);
  assertEquals(json.node, "test-node");
  assertEquals(agent.states(), ["running", "stopped"]);
});

Deno.test("Ctrl-C, which a terminal sends to all processes in it, ends a node and its agents in order", async () => {
  await using stage = await Stage.set({ detached: true });
  const agent = await stage.spawn({ name: "one", code: KEEPER });
  const { pid } = stage.node;
  // A busy machine runs the node last: an agent that the signal reached would have ended by then.
  Deno.kill(pid, "SIGSTOP");
  Deno.kill(-pid, "SIGINT");
  assertEquals((await thoseLeft(childrenOf(pid), LONG_DEAD_MS)).length, 1);
  Deno.kill(pid, "SIGCONT");
  assertEquals(await stage.node.exitCode(), 0);
  await agent.state("stopped");
  assertEquals(agent.states(), ["running", "stopped"]);
  assertEquals(stage.node.stderr.filter((line) => line.includes("WARNING")), []);
});

Deno.test("a node that was started to outlive its terminal does", async () => {
  await using stage = await Stage.set({ wrapper: ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"] });
  const from = stage.bus.mark();
  stage.node.child.kill("SIGHUP");
  assertEquals((await stage.command("list", {})).agents, []);
  assertEquals(
    stage.bus.all("nodes/test-node/heartbeat", from).filter(({ json }) => json.status !== undefined),
    [],
  );
});

Deno.test("with a umask of 000 nothing that a node leaves can be changed by others", async () => {
  const folder = await Deno.makeTempDir({ prefix: "agentflow-umask-" });
  try {
    await using stage = await Stage.set({
      wrapper: ["sh", "-c", 'umask 000; exec "$@"', "sh"],
      stateDir: join(folder, "state"),
      args: ["--work-dir", join(folder, "work"), "--outbox", "disk"],
    });
    const agent = await stage.spawn({ name: "one", code: KEEPER });
    await agent.on("manifest");
    const seen: string[] = [];
    await walk(folder, seen);
    assert(
      seen.some((path) => path.endsWith("_state.json")) && seen.some((path) => path.includes("harness-")),
    );
    const open = seen.filter((path) => ((Deno.lstatSync(path).mode ?? 0) & 0o022) !== 0);
    assertEquals(open, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function walk(folder: string, seen: string[]): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory || isFile) seen.push(path);
    if (isDirectory) await walk(path, seen);
  }
}

Deno.test("where the work folder cannot be made, the flag that names another one is said", async () => {
  await using broker = await startEmbedded();
  // A file in the place of the folder: not even root makes one there.
  const file = await Deno.makeTempFile({ prefix: "agentflow-home-" });
  try {
    await using node = await NodeProcess.start({ port: broker.port, args: ["--work-dir", join(file, "x")] });
    await node.logged(/Cannot write the agents' packages below '.*': .*: --work-dir DIR/);
    assertEquals(await node.exitCode(), 1);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a user name with an empty password is sent as one", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const file = await Deno.makeTempFile({ prefix: "agentflow-password-" });
  await Deno.chmod(file, 0o600);
  const args = ["--username", "u", "--password-file", file];
  {
    await using _node = await NodeProcess.start({ port: listener.addr.port, args });
    using connection = await listener.accept();
    const packet = new Uint8Array(1024);
    await connection.read(packet);
    // MQTT 3.1.1, 3.1.2.3: fixed header of two bytes (three for a longer packet), "MQTT" with its length, level, flags.
    const flags = packet[(packet[1] ?? 0) > 127 ? 10 : 9] ?? 0;
    assertEquals(flags & 0b1100_0000, 0b1100_0000, "user name and password");
  }
  listener.close();
  await Deno.remove(file);
});
