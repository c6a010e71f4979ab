/** A node takes a new runner over the bus, when it is signed, and goes back by itself when that one is no good. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { bundledRunner, InstalledRunner, packaged } from "../support/installed.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Commander, newKey, readAudit, TrustFolder } from "../support/signing.ts";

const BUNDLE = await bundledRunner();
const owner = await newKey("owner");
const CTL = fileURLToPath(new URL("../../operator/ctl/main.ts", import.meta.url));
const TOPIC = "nodes/edge/upgrade";
const COUNTER = "function setup(agent) { agent.persist('starts', agent.recall('starts', 0) + 1); }";

interface Scene {
  readonly bus: Bus;
  readonly boss: Commander;
  readonly node: NodeProcess;
  readonly installed: InstalledRunner;
  /** A folder of the scene's own. */
  readonly folder: string;
  readonly port: number;
  /** The node's heartbeat from another process than `instance`. */
  readonly reborn: (instance: string, from: number) => Promise<Message>;
}

async function onScene(play: (scene: Scene) => Promise<void>, args = ["--trust"]): Promise<void> {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using folder = await TrustFolder.make([{ key: owner }]);
  await using installed = await InstalledRunner.make(BUNDLE);
  await using node = await NodeProcess.start({
    port: broker.port,
    name: "edge",
    program: installed.program,
    args: args.length === 0 ? [] : ["--trust", folder.keyFile],
  });
  const reborn = (instance: string, from: number) =>
    bus.on("nodes/edge/heartbeat", ({ json }) => ![undefined, instance].includes(json?.instance), from);
  const boss = new Commander(bus, owner);
  await play({ bus, boss, node, installed, reborn, folder: folder.dir, port: broker.port });
}

const firstBeat = (bus: Bus) => bus.on("nodes/edge/heartbeat", ({ json }) => json?.instance !== undefined);
const said = (bus: Bus, pattern: RegExp) =>
  bus.on("agents/edge/logs", ({ json }) => pattern.test(json?.message ?? ""));

Deno.test("a signed runner takes over, its agents with it, and stays once it has proved itself", async () => {
  await onScene(async ({ bus, boss, installed, reborn }) => {
    const { json: before } = await firstBeat(bus);
    assertEquals(before.release, installed.release);
    await boss.order("nodes/edge/spawn", { name: "kept", code: COUNTER });
    await bus.on("agents/edge/logs", ({ json }) => json.type === "spawned");
    const next = packaged(`${BUNDLE}\n// another`);
    const from = bus.mark();
    const { json: answer } = await boss.order(TOPIC, next);
    assertEquals([answer.ok, answer.from, answer.version], [true, installed.release, "9.9.9"]);
    const { json: after } = await reborn(before.instance, from);
    assertEquals([after.release, after.agents], [answer.release, ["kept"]]);
    await said(bus, /The upgrade of this node succeeded/);
    assertEquals(await installed.current(), answer.release);
    const { json: seen } = await boss.order("nodes/edge/inspect", { name: "kept" });
    assertEquals(seen.persisted.starts >= 2, true);
  });
});

const NOT_IN_TEST = `if (!Deno.args.includes("--test"))`;
const BAD: Readonly<Record<string, [string, RegExp]>> = {
  "ends at once": [`${NOT_IN_TEST} Deno.exit(3);\n${BUNDLE}`, /ended with exit code 3/],
  "never reaches the broker": [
    `${NOT_IN_TEST} { await new Promise(() => setInterval(() => {}, 1000)); }\n${BUNDLE}`,
    /did not reach the broker in time/,
  ],
};

for (const [what, [bundle, reason]] of Object.entries(BAD)) {
  Deno.test(`a runner that ${what} is taken back, and the operator is told`, async () => {
    await onScene(async ({ bus, boss, installed, reborn }) => {
      const { json: before } = await firstBeat(bus);
      const from = bus.mark();
      const { json: answer } = await boss.order(TOPIC, packaged(bundle, 5));
      assertEquals(answer.ok, true, answer.error);
      const { json: after } = await reborn(before.instance, from);
      assertEquals(after.release, installed.release);
      const { json: told } = await said(bus, /was rolled back/);
      assertMatch(told.message, reason);
      assertEquals(await installed.current(), installed.release);
    });
  });
}

Deno.test("a runner that fails its self-test, or is none, is not taken, and the node goes on", async () => {
  await onScene(async ({ bus, boss, node, installed }) => {
    const { json: before } = await firstBeat(bus);
    const attempts: [Readonly<Record<string, unknown>>, RegExp][] = [
      [packaged("Deno.exit(1)"), /self-test fails/],
      [packaged("this is no program"), /self-test fails/],
      [{ ...packaged(BUNDLE), sha256: "0".repeat(64) }, /sha256/],
    ];
    for (const [payload, reason] of attempts) {
      const { json: answer } = await boss.order(TOPIC, payload);
      assertEquals(answer.ok, false);
      assertMatch(answer.error, reason);
    }
    const { json: same } = await boss.order(TOPIC, packaged(BUNDLE));
    assertEquals([same.ok, same.unchanged, same.release], [true, true, installed.release]);
    assertEquals(await installed.current(), installed.release);
    const { json: list } = await bus.ask("nodes/edge/list", {});
    assertEquals(list.ok, true);
    assertEquals(
      bus.all("nodes/edge/heartbeat").every(({ json }) => json.instance === before.instance),
      true,
    );
    await node.end();
    const audit = await readAudit(node.stateDir, "edge");
    assertEquals(audit.filter(({ command }) => command === "upgrade").length >= attempts.length, true);
  });
});

/** The command line, on the scene's broker. */
async function ctl({ node, folder, port }: Scene, ...args: string[]) {
  const keyFile = `${folder}/owner.json`;
  await Deno.writeTextFile(keyFile, JSON.stringify(owner), { mode: 0o600 });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", CTL, "upgrade", node.name, ...args],
      ...["--broker", "127.0.0.1", "--port", String(port), "--sign-key", keyFile],
    ],
    env: { NO_COLOR: "1", XDG_CONFIG_HOME: folder },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("agentflow upgrade waits for what becomes of it: passed, taken back, or not taken", async () => {
  await onScene(async (scene) => {
    const { bus, folder, installed } = scene;
    await firstBeat(bus);
    const file = async (bundle: string) => {
      await Deno.writeTextFile(`${folder}/runner.js`, bundle);
      return `${folder}/runner.js`;
    };
    const passed = await ctl(scene, "--json", "--runner", await file(`${BUNDLE}\n// better`));
    assertEquals(passed.code, 0, passed.err + passed.out);
    const { ok, from, release } = JSON.parse(passed.out);
    assertEquals([ok, from, release], [true, installed.release, await installed.current()]);

    const again = await ctl(scene, "--runner", await file(`${BUNDLE}\n// better`));
    assertEquals([again.code, again.out], [0, `Node 'edge' already runs release ${release}\n`]);

    // Back to the one before, and forth again: both are still on the node.
    const other = async (name: string) => {
      const { json: before } = await bus.on("nodes/edge/heartbeat", undefined, bus.mark());
      const mark = bus.mark();
      const { json } = await scene.boss.order(TOPIC, { release: name });
      assertEquals([json.ok, json.release], [true, name]);
      assertEquals((await scene.reborn(before.instance, mark)).json.release, name);
      await bus.on("agents/edge/logs", ({ json }) => json.upgrade === "passed", mark);
    };
    await other(installed.release);
    await other(release);
    const { json: gone } = await scene.boss.order(TOPIC, { release: "gone" });
    assertMatch(gone.error, /release gone is not on this node any more/);

    const bad = `${NOT_IN_TEST} Deno.exit(3);\n${BUNDLE}`;
    const back = await ctl(scene, "--trial", "5", "--runner", await file(bad));
    assertEquals(back.code, 1);
    assertMatch(back.err, /rolled back: the new release ended with exit code 3/);
    assertEquals(await installed.current(), release);

    const none = await ctl(scene, "--runner", await file("Deno.exit(1)"));
    assertEquals(none.code, 1);
    assertMatch(none.err, /its self-test fails on this machine/);
    assertEquals((await ctl(scene, "--runner", `${folder}/absent.js`)).code, 2);
  });
});

Deno.test("a runner that nobody has signed is refused, with --trust and without", async () => {
  const next = packaged(`${BUNDLE}\n// unsigned`);
  await onScene(async ({ bus, installed }) => {
    await firstBeat(bus);
    assertEquals((await bus.ask(TOPIC, next)).json.code, "unsigned");
    assertEquals(await installed.current(), installed.release);
  });
  await onScene(async ({ bus, boss, installed }) => {
    await firstBeat(bus);
    assertMatch((await bus.ask(TOPIC, next)).json.error, /only with --trust, and only signed/);
    // Signed or not: this node knows no key.
    assertMatch((await boss.order(TOPIC, next)).json.error, /only with --trust, and only signed/);
    assertEquals(await installed.current(), installed.release);
  }, []);
});
