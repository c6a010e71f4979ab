/** Nodes with `--trust` believe each other by their keys: who reads and writes the bus without one moves nothing. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AGENT_COMMANDS, COMMANDS, NODE_COMMANDS, type NodeCommand } from "../../protocol/commands.ts";
import { actorId } from "../../protocol/ids.ts";
import { decisionText, digestOf, progressText } from "../../protocol/signing/statements.ts";
import { packHandOver } from "../../runner/node/migration/hand_over.ts";
import type { NodeKey } from "../../runner/trust/node_key.ts";
import type { Bus, Message } from "../support/bus.ts";
import { stateFolderWithKey, testKey, testSecret } from "../support/identity.ts";
import { newKey } from "../support/signing.ts";
import { onTrustedScene, type TrustedScene } from "../support/trusted_scene.ts";

const owner = await newKey("owner");
const onScene = (play: (scene: TrustedScene) => Promise<void>) =>
  onTrustedScene(owner, [{ key: owner }], play);
const SHORT = ["--migrate-timeout", "3"];
const HEARTBEAT = `agents/${actorId("x")}/heartbeat`;

/** Says where it works, and keeps what nobody else may read. */
const CODE = `async function process(agent) {
  agent.persist("secret", "s3cr3t-of-x");
  const n = (agent.recall("n") ?? 0) + 1;
  agent.persist("n", n);
  await agent.publish("at/" + agent.name, { node: agent.node, n });
}`;
const X = { name: "x", code: CODE, poll_interval: 0.05 };

const at = (node: string) => ({ json }: Message) => json?.node === node;
const migrating = ({ json }: Message) => json?.migration !== undefined;

async function spawned({ boss, bus }: TrustedScene, node: string, config = X): Promise<void> {
  assertEquals((await boss.order(`nodes/${node}/spawn`, config)).json.ok, true);
  await bus.on(HEARTBEAT, (message) => at(node)(message) && message.json.state === "running");
}

/** What a node says of a message that it refuses. */
async function refusal(bus: Bus, node: string, topic: string, payload: unknown): Promise<string> {
  const from = bus.mark();
  await bus.publish(topic, payload);
  return (await bus.on(`nodes/${node}/audit`, () => true, from)).json.code;
}

Deno.test("an agent moves between two enrolled nodes, what it has persisted is unreadable on the way, and what was recorded moves nothing", async () => {
  await onScene(async (scene) => {
    const { bus, boss, start, agentsOn } = scene;
    await using _a = await start("a");
    await using _b = await start("b");
    await spawned(scene, "a", { ...X, colour: "green" } as typeof X);
    await boss.order("nodes/a/desired_state", { node: "a", agents: [{ ...X, name: "y" }] });
    await bus.on(`agents/${actorId("y")}/heartbeat`, ({ json }) => json.state === "running");
    await bus.on("at/x", ({ json }) => json.n >= 3);
    const epoch = 2 ** 40;
    for (const order of [{ name: "x" }, { name: "y", epoch }]) {
      const { json } = await boss.order("nodes/a/migrate", { ...order, target_node: "b" });
      assertEquals([json.ok, json.error], [true, undefined]);
    }
    // What the old node says of the epoch is not signed: it is that of the order, or when that was signed.
    const epochs = (name: string) =>
      bus.on(`agents/${actorId(name)}/heartbeat`, (said) => at("b")(said) && said.json.epoch > 0);
    assertEquals((await epochs("x")).json.epoch > 1_700_000_000, true);
    assertEquals((await epochs("y")).json.epoch, epoch);
    assertEquals([await agentsOn("a"), (await agentsOn("b")).sort()], [[], ["x", "y"]]);
    await bus.on("at/x", at("b"));
    const counts = bus.all("at/x").map(({ json }) => json.n);
    assertEquals(counts, counts.map((_, index) => index + 1));
    const handedOver = bus.all("nodes/b/spawn").find(({ json }) => json?.name === "x")?.json;
    assertEquals([handedOver.colour, handedOver.state, typeof handedOver.migration.sealed], [
      "green",
      undefined,
      "string",
    ]);
    const spoken = bus.messages.filter(({ topic }) => /^nodes\/.\/(spawn|migration|agents)$/.test(topic));
    // The agent's own code names it.
    assertEquals(
      spoken.some(({ text }) => text.replaceAll(JSON.stringify(CODE), "").includes("s3cr3t")),
      false,
    );
    // All of it once more, to whom it was said.
    await boss.order("nodes/b/stop", { name: "x" });
    const from = bus.mark();
    for (const { topic, text } of spoken) await bus.publish(topic, text);
    await bus.on("agents/b/logs", ({ json }) => json.code === "replayed", from);
    assertEquals([await agentsOn("a"), await agentsOn("b")], [[], ["y"]]);
    const again = (change: Record<string, unknown>) =>
      refusal(bus, "b", "nodes/b/spawn", { ...handedOver, ...change });
    const { migration } = handedOver;
    assertEquals(await again({ name: "y" }), "unproved_migration");
    assertEquals(await again({ _jws: undefined }), "unproved_migration");
    assertEquals(await again({ _migrate_jws: undefined }), "unproved_migration");
    assertEquals(await again({ migration: { ...migration, id: "other" } }), "unproved_migration");
    assertEquals(await again({ migration: { ...migration, paused: true } }), "unproved_migration");
    assertEquals(await again({ migration: { ...migration, sealed: undefined } }), "unproved_migration");
    assertEquals(await again({ migration: { ...migration, from: "c" } }), "unknown_node");
  });
});

Deno.test("who is first with a spawn of his own, an older config and a state of his own, takes no agent over", async () => {
  await onScene(async (scene) => {
    const { bus, boss, start, agentsOn } = scene;
    await using _a = await start("a");
    await using _b = await start("b");
    const older = await boss.sign("nodes/a/spawn", { ...X, code: "function process() {}" });
    await spawned(scene, "a");
    const order = await boss.sign("nodes/a/migrate", {
      name: "x",
      target_node: "b",
      _reply_topic: "tests/moved",
    });
    // He reads the order on the bus, and is faster than the node that it is for.
    const thief = testKey("thief");
    const stolen = { name: "x", state: { n: 1000 }, ...older, _migrate_jws: order._jws };
    const move = { id: "stolen", agent: "x", from: "a", to: "b" };
    const packed = await packHandOver({
      move,
      config: { name: "x", ...older },
      state: { n: 1000 },
      paused: false,
      box: undefined,
      order: String(order._jws),
      key: thief,
    });
    for (const spawn of [{ ...stolen, migration: { id: "stolen", from: "a" } }, packed.spawn]) {
      assertEquals(await refusal(bus, "b", "nodes/b/spawn", spawn), "unproved_migration");
    }
    await bus.publish("nodes/a/migrate", order);
    assertEquals((await bus.on("tests/moved")).json.success, true);
    await bus.on("at/x", at("b"));
    assertEquals(bus.all("at/x").some(({ json }) => json.n >= 1000), false);
    assertEquals([await agentsOn("a"), await agentsOn("b")], [[], ["x"]]);
  });
});

/** Plays a target that is not there, with another key than its own. */
async function play(
  bus: Bus,
  node: string,
  key: NodeKey,
  offerSeal: (text: string) => string,
): Promise<void> {
  const { json: { move: { id, agent, from } } } = await bus.on(
    `nodes/${node}/list`,
    ({ json }) => json?.move,
  );
  const text = JSON.stringify(["agentflow-offer", id, agent, from, node, key.box, "free"]);
  const offer = { id, agent, from, offer: "free", box: key.box, seal: offerSeal(text) };
  await bus.publish(`nodes/${node}/agents`, { node, agents: [], offer });
}

Deno.test("a target that is away is not played by anybody: the agent stays where it is", async () => {
  await onScene(async (scene) => {
    const { bus, boss, start, agentsOn } = scene;
    await using _a = await start("a", undefined, SHORT);
    const b = await start("b");
    await spawned(scene, "a");
    // What b has said once is on record.
    for (const [from, to] of [["a", "b"], ["b", "a"]] as const) {
      const { json } = await boss.order(`nodes/${from}/migrate`, { name: "x", target_node: to });
      assertEquals([json.ok, json.error], [true, undefined]);
      await bus.on("at/x", at(to), bus.mark());
    }
    const { json: oldOffer } = await bus.on("nodes/b/agents", ({ json }) => json.offer !== undefined);
    await b.end("SIGKILL");
    await bus.publish("nodes/b/status", { node: "b", status: "online", instance: "i" }, { retain: true });
    bus.forget();
    const move = boss.order("nodes/a/migrate", { name: "x", target_node: "b" });
    const impostor = testKey("impostor");
    await play(bus, "b", impostor, (text) => impostor.seal(text));
    await bus.publish("nodes/b/agents", oldOffer);
    assertMatch((await move).json.error, /node 'b' answers, but not with the key that is enrolled here/);
    assertEquals(await agentsOn("a"), ["x"]);
    assertEquals(bus.all("nodes/b/spawn"), []);
    const { json } = await boss.order("nodes/a/migrate", { name: "x", target_node: "nowhere" });
    assertMatch(json.error, /node 'nowhere' is not enrolled here.*agentflow key enrol nowhere/);
  });
});

Deno.test("nobody but the target makes an agent leave, stay, or wait: forged reports and errors change nothing", async () => {
  await onScene(async (scene) => {
    const { bus, boss, start, agentsOn } = scene;
    await using _a = await start("a", undefined, SHORT);
    await using _b = await start("b");
    // On b it is ready when it is told so.
    const code = `async function setup(agent) {
      if (agent.node === "b") await new Promise((resolve) => agent.subscribe("go", resolve));
    }` + CODE;
    await spawned(scene, "a", { ...X, code });
    const forged = async () => {
      const { json: { migration: { id, hand_over } } } = await bus.on("nodes/b/spawn", migrating);
      const impostor = testKey("impostor");
      const move = { id, agent: "x", from: "a", to: "b" };
      const text = (handOver: string) => progressText(move, handOver, "arrived", "");
      const report = { id, agent: "x", from: "b", query: true, arrived: true, progress: "arrived" };
      for (const seal of [undefined, "", hand_over, impostor.seal(text(digestOf("")))]) {
        await bus.publish("nodes/a/migration", { ...report, hand_over: digestOf(""), seal });
      }
      await bus.publish(HEARTBEAT, { name: "x", node: "b", state: "running" });
      await bus.publish(`agents/${actorId("x")}/errors`, { severity: "fatal", node: "b", error: "give up" });
      await bus.publish("agents/b/logs", { type: "error", child_name: "x", message: "give up" });
      await bus.publish("agents/b/logs", { type: "installing", child_name: "x" });
      for (const decision of ["commit", "abort"] as const) {
        const seal = impostor.seal(decisionText(move, decision));
        await bus.publish("nodes/b/migration", { id, agent: "x", from: "a", decision, seal });
      }
    };
    const late = boss.order("nodes/a/migrate", { name: "x", target_node: "b" });
    await forged();
    assertMatch(
      (await late).json.error,
      /not seen running it within 3 s \(an unsigned message says that it refused: give up\)/,
    );
    assertEquals(await agentsOn("a"), ["x"]);
    while ((await agentsOn("b")).length > 0);
    bus.forget();
    const moved = boss.order("nodes/a/migrate", { name: "x", target_node: "b" });
    await forged();
    await bus.publish("go", "x", { retain: true });
    assertEquals((await moved).json.success, true);
    await bus.on("at/x", at("b"));
    assertEquals(bus.all("nodes/a/audit").map(({ json }) => json.code), Array(4).fill("unproved_report"));
  });
});

Deno.test("an agent that fails on its new node, and a node that is not enrolled there, are told at once by what is signed", async () => {
  await onScene(async (scene) => {
    const { bus, folder, boss, start, agentsOn } = scene;
    await using _a = await start("a");
    await using _b = await start("b");
    const code =
      `function setup(agent) { if (agent.node === "b") throw new Error("no sensor here"); }${CODE}`;
    await spawned(scene, "a", { ...X, code });
    const failed = await boss.order("nodes/a/migrate", { name: "x", target_node: "b" });
    assertMatch(failed.json.error, /'b' refused it: .*no sensor here/s);
    assertEquals([await agentsOn("a"), await agentsOn("b")], [["x"], []]);
    await boss.order("nodes/b/spawn", { ...X, code: "function process() {}" });
    assertMatch(
      (await boss.order("nodes/a/migrate", { name: "x", target_node: "b" })).json.error,
      /already runs an agent of that name/,
    );
    await folder.enrol(bus, "b", testKey("not b").public);
    assertMatch(
      (await boss.order("nodes/a/migrate", { name: "x", target_node: "b" })).json.error,
      /answers, but not with the key that is enrolled here/,
    );
  });
});

Deno.test("of two nodes with a copied state folder the later one leaves, though the broker never lets in both", async () => {
  await onScene(async (scene) => {
    const { bus, start, agentsOn } = scene;
    await using first = await start("n");
    await spawned(scene, "n");
    const copy = await stateFolderWithKey("n", await Deno.readTextFile(`${first.registry}/node_key`));
    await Deno.copyFile(`${first.registry}/installation`, `${copy}/agentflow_n.registry/installation`);
    const forged = { node: "n", instance: "forged", status: "offline" };
    for (const uptime of [1e9, 2e9]) {
      await bus.publish("nodes/n/status", { ...forged, uptime }, { retain: true });
    }
    await using second = await start("n", copy);
    assertEquals(await second.exitCode(), 3);
    await second.logged(/with this one's client id/);
    assertEquals(await agentsOn("n"), ["x"]);
    await Deno.remove(copy, { recursive: true });
  });
});

Deno.test("a node leaves its name to nobody but one that proves to be the node", async () => {
  await onScene(async (scene) => {
    const { bus, folder, start, agentsOn } = scene;
    const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
    await using first = await start("n", stateDir);
    await spawned(scene, "n");
    const { json: { instance } } = await bus.on("nodes/n/status", ({ json }) => json?.status === "online");
    const beat = { node: "n", instance: "forged", uptime: 1e9, agents: [] };
    const thief = testKey("thief");
    const presence = {
      to: instance,
      seal: thief.seal(JSON.stringify(["agentflow-presence", "n", "forged", instance, 1e9])),
    };
    await bus.publish("nodes/n/heartbeat", beat);
    await bus.publish("nodes/n/heartbeat", { ...beat, presence });
    await bus.publish("nodes/n/status", { node: "n", instance: "forged", status: "online" });
    await bus.on("agents/n/logs", ({ json }) => /without proof/.test(json.message));
    assertEquals(await agentsOn("n"), ["x"]);
    // A copy of its state folder has its key: of two processes with it the one that is longer there stays.
    const secret = await Deno.readTextFile(`${first.registry}/node_key`);
    assertEquals(((await Deno.stat(`${first.registry}/node_key`)).mode ?? 0) & 0o777, 0o600);
    const copy = await stateFolderWithKey("n", secret);
    await using second = await start("n", copy);
    assertEquals(await second.exitCode(), 3);
    assertStringIncludes(second.stderr.join("\n"), "start this one with another --name");
    // What it has said to that one is of no use to anybody else.
    const recorded = bus.all("nodes/n/heartbeat").filter(({ json }) => json?.presence !== undefined);
    for (const { text } of recorded) await bus.publish("nodes/n/heartbeat", text);
    assertEquals(await agentsOn("n"), ["x"]);
    // Another node is enrolled under its name: that one stays, however young it is.
    await folder.enrol(bus, "n", testKey("other").public);
    const other = await stateFolderWithKey("n", testSecret("other"));
    await using third = await start("n", other, [], testKey("other").public);
    assertEquals(await first.exitCode(), 3);
    assertStringIncludes(first.stderr.join("\n"), "has the key enrolled for 'n'");
    await third.end();
    for (const dir of [stateDir, copy, other]) await Deno.remove(dir, { recursive: true });
  });
});

/** What somebody without a key might say, for every command that there is: the compiler misses one that is forgotten. */
const UNSIGNED: Readonly<Record<NodeCommand, readonly unknown[]>> = {
  spawn: [
    { name: "y", code: "1" },
    { name: "x", code: "1", replace: true },
    { name: "y", code: "1", state: { n: 1 }, migration: { id: "m", from: "b" } },
  ],
  desired_state: [{ agents: [{ name: "y", code: "1" }] }],
  stop: [{ name: "x" }, "x"],
  stop_all: [{}, ""],
  list: [{}, { move: { id: "m", agent: "x", from: "b" } }],
  roll_call: [{}, { move: { id: "m", agent: "x", from: "b" } }],
  inspect: [{ name: "x" }],
  migrate: [{ name: "x", target_node: "b" }],
  migration: [
    ...(["commit", "abort"] as const).map((decision) => ({ id: "m", agent: "x", from: "b", decision })),
    ...(["installing", "waiting", "arrived", "refused"] as const).map((progress) => (
      { id: "m", agent: "x", from: "b", query: true, progress, hand_over: "", seal: "" }
    )),
  ],
  upgrade: [{ version: "9", sha256: "0", bundle: "" }],
  commands: AGENT_COMMANDS.map((command) => ({ command })),
  task: [{ payload: {} }],
  reply: [{ result: 1 }],
};

Deno.test("nothing that is not signed makes a node end, let go of an agent, or start one, whatever command it is", async () => {
  await onScene(async (scene) => {
    const { bus, start } = scene;
    await using a = await start("a");
    await using _b = await start("b");
    await spawned(scene, "a");
    const agents = async () =>
      (await bus.ask("nodes/a/list", {})).json.agents.map((
        { name, pid, state, restart_count }: Message["json"],
      ) => [name, pid, state, restart_count]);
    const before = await agents();
    for (const command of NODE_COMMANDS) {
      const topic = COMMANDS[command].topic.replace("{node}", "a").replace("{id}", actorId("x"))
        .replace("{agent}", "x").replace("{request}", "0a1b");
      for (const payload of UNSIGNED[command]) {
        for (const retain of [false, true]) await bus.publish(topic, payload, { retain });
      }
    }
    assertEquals(await agents(), before);
    // What the broker has kept of it is no more use to the next process.
    await a.end("SIGKILL");
    const from = bus.mark();
    await using _again = await start("a", a.stateDir);
    await bus.on("at/x", at("a"), from);
    assertEquals((await agents()).map(([name]: [string]) => name), ["x"]);
  });
});
