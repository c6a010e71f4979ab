/** A disk that is full, or cannot be written: agents run on, hear of it, and nothing that was there is lost. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { readOnlyDisk, seenBy, SMALL_DISKS, smallDisk } from "../support/small_disk.ts";
import { needing } from "../support/programs.ts";

/** Counts in its state file, and says how that went. */
const COUNTER = `
async function process(agent) {
  let error;
  try {
    agent.persist("count", agent.recall("count", 0) + 1);
  } catch (caught) {
    error = caught.message;
  }
  await agent.publish("count/" + agent.name, { count: agent.recall("count"), error });
}`;

async function withStateDir(work: (stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
  try {
    await work(stateDir);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
}

/** Spawns an agent that cannot be kept: it runs, that is said, and its retained spawn is left for a better time. */
async function spawnUnkept(node: NodeProcess, bus: Bus, port: number): Promise<void> {
  const from = bus.mark();
  await node.spawn(bus, { name: "unkept", code: COUNTER });
  const said = await bus.on(
    "agents/test-node/logs",
    ({ json }) => json.type === "error" && json.child_name === "unkept",
    from,
  );
  assertMatch(
    said.json.message,
    /'unkept' runs, but cannot be stored on disk \(.+\).*its retained spawn stays/,
  );
  await using later = await Bus.connect(port, "nodes/test-node/spawn");
  const left = await later.on("nodes/test-node/spawn");
  assertEquals([left.retained, left.json.name], [true, "unkept"]);
}

/** Fills the disk until agent 'kept' hears of it: between two writes of its own there may be room for one more. */
async function fillUntilItFails(bus: Bus, filler: string): Promise<Message> {
  for (let tries = 0; tries < 100; tries++) {
    const from = bus.mark();
    await fill(filler);
    // The first was perhaps begun before.
    await bus.on("count/kept", () => true, from);
    const next = await bus.on("count/kept", () => true, bus.mark());
    if (next.json.error !== undefined) return next;
  }
  throw new Error("The disk was filled 100 times, and every write found room");
}

/** Takes all the space there is, in steps down to the last page. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { create: true, append: true });
  for (let bytes = 64 * 1024; bytes >= 1;) {
    try {
      await file.write(new Uint8Array(bytes));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
}

Deno.test({
  ...needing(
    SMALL_DISKS,
    "on a full disk agents run on with what they had, persist says so, and all goes on once there is room",
  ),
  fn: async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await withStateDir(async (stateDir) => {
      await using node = await NodeProcess.start({
        port: broker.port,
        stateDir,
        wrapper: smallDisk(stateDir, 512),
        args: ["--outbox", "disk"],
      });
      await node.spawn(bus, { name: "kept", code: COUNTER });
      await bus.on("count/kept", ({ json }) => json.count >= 3);
      const filler = seenBy(node.pid, `${stateDir}/filler`);
      const failed = await fillUntilItFails(bus, filler);
      assertMatch(failed.json.error, /^Cannot persist 'count': .*[Nn]o space left/);
      const state = await Deno.readTextFile(seenBy(node.pid, `${stateDir}/agentflow_kept_state.json`));
      assertEquals(JSON.parse(state).count, failed.json.count, "the last state that was accepted is on disk");
      await spawnUnkept(node, bus, broker.port);
      await Deno.remove(filler);
      await bus.on("count/kept", ({ json }) => json.error === undefined && json.count > failed.json.count);
      const left = [...Deno.readDirSync(seenBy(node.pid, stateDir))].map(({ name }) => name);
      assert(left.includes("agentflow_kept_state.json"), left.join());
      await node.end("SIGKILL");
    });
  },
});

Deno.test({
  ...needing(
    SMALL_DISKS,
    "with a state folder that cannot be written, agents come back and run, and nothing in it changes",
  ),
  fn: async () => {
    await using broker = await startEmbedded();
    await using bus = await Bus.connect(broker.port);
    await withStateDir(async (stateDir) => {
      await using before = await NodeProcess.start({ port: broker.port, stateDir });
      await before.spawn(bus, { name: "kept", code: COUNTER });
      await bus.on("count/kept", ({ json }) => json.count >= 3);
      await before.end("SIGKILL");
      const statePath = `${stateDir}/agentflow_kept_state.json`;
      const state = await Deno.readTextFile(statePath);

      const from = bus.mark();
      await using during = await NodeProcess.start({
        port: broker.port,
        stateDir,
        wrapper: readOnlyDisk(stateDir),
        args: ["--outbox", "disk"],
      });
      const warned = await bus.on("agents/test-node/logs", ({ json }) => json.type === "error", from);
      assertMatch(warned.json.message, /state folder .* cannot be written \(.*Read-only file system/);
      const refused = await bus.on("count/kept", ({ json }) => json.error !== undefined, from);
      assertMatch(refused.json.error, /^Cannot persist 'count': .*[Rr]ead-only file system/);
      assertEquals(refused.json.count, JSON.parse(state).count);
      await spawnUnkept(during, bus, broker.port);
      await during.end("SIGKILL");
      assertEquals(await Deno.readTextFile(statePath), state);

      const after = bus.mark();
      await using _again = await NodeProcess.start({ port: broker.port, stateDir });
      const next = await bus.on("count/kept", () => true, after);
      assertEquals([next.json.count, next.json.error], [JSON.parse(state).count + 1, undefined]);
      // Its spawn had been left on the broker.
      await bus.on("count/unkept", ({ json }) => json.error === undefined, after);
    });
  },
});

/** Two nodes, of which `a` has a full disk and agent 'kept'. */
async function withFullDisk(
  work: (bus: Bus, a: NodeProcess, b: NodeProcess, filler: string) => Promise<void>,
): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await withStateDir(async (stateDir) => {
    await using a = await NodeProcess.start({
      port: broker.port,
      name: "a",
      stateDir,
      wrapper: smallDisk(stateDir, 512),
    });
    await using b = await NodeProcess.start({ port: broker.port, name: "b" });
    await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
    await a.spawn(bus, { name: "kept", code: COUNTER });
    await bus.on("count/kept", ({ json }) => json.count >= 3);
    const filler = seenBy(a.pid, `${stateDir}/filler`);
    await fillUntilItFails(bus, filler);
    await work(bus, a, b, filler);
    await Promise.all([a.end("SIGKILL"), b.end("SIGKILL")]);
  });
}

Deno.test({
  ...needing(
    SMALL_DISKS,
    "an agent cannot leave a node that cannot record it: the move is refused, and it goes on where it is",
  ),
  fn: async () => {
    await withFullDisk(async (bus, _a, _b, filler) => {
      const from = bus.mark();
      await bus.publish("nodes/a/migrate", { name: "kept", target_node: "b" });
      const { json } = await bus.on("nodes/a/migrate_result", () => true, from);
      assertEquals(json.success, false);
      assertMatch(json.error, /cannot be stored on disk \(.*[Nn]o space left.*It keeps running here/);
      await bus.on("count/kept", () => true, bus.mark());
      await Deno.remove(filler);
      const later = bus.mark();
      await bus.publish("nodes/a/migrate", { name: "kept", target_node: "b" });
      assertEquals((await bus.on("nodes/a/migrate_result", () => true, later)).json.success, true);
      await bus.on("count/kept", ({ json }) => json.error === undefined, bus.mark());
    });
  },
});

Deno.test({
  ...needing(SMALL_DISKS, "a node whose disk is full refuses an agent of another node, which goes on there"),
  fn: async () => {
    await withFullDisk(async (bus, _a, b) => {
      await b.spawn(bus, { name: "mover", code: COUNTER });
      await bus.on("count/mover", ({ json }) => json.count >= 3);
      const from = bus.mark();
      await bus.publish("nodes/b/migrate", { name: "mover", target_node: "a" });
      const { json } = await bus.on("nodes/b/migrate_result", () => true, from);
      assertEquals(json.success, false);
      assertMatch(json.error, /'a' refused it: Cannot take over 'mover': its state cannot be stored/);
      await bus.on("count/mover", ({ json }) => json.error === undefined, bus.mark());
    });
  },
});

Deno.test({
  ...needing(SMALL_DISKS, "updates, and their way back, do without the disk"),
  fn: async () => {
    await withFullDisk(async (bus) => {
      const update = async (code: string) => {
        const from = bus.mark();
        await bus.publish("nodes/a/spawn", { name: "kept", code, replace: true, poll_interval: 0.05 });
        return from;
      };
      const passed = await update(`${COUNTER}\n// new`);
      await bus.on("count/kept", () => true, passed);
      const failed = await update("function setup() { throw new Error('no') }");
      const rolledBack = await bus.find("way back", ({ json }) => json?.rolled_back === true, failed);
      await bus.on("count/kept", () => true, bus.messages.indexOf(rolledBack));
    });
  },
});
