/** A node with `--trust` obeys those who hold a key, once, and nobody else. */
import { assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import type { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Commander, type KeyEntry, keyFileText, newKey, nowSeconds, readAudit } from "../support/signing.ts";
import { onTrustedScene, type TrustedScene } from "../support/trusted_scene.ts";

const CODE = "function process() {}";
const owner = await newKey("owner");
const agentConfig = (name: string) => ({ name, code: CODE, poll_interval: 0.05 });

const onScene = (entries: readonly KeyEntry[], play: (scene: TrustedScene) => Promise<void>) =>
  onTrustedScene(owner, entries, play);

/** Sends what should be refused; returns the code of the refusal, told alike to all who should hear it. */
async function refusal(bus: Bus, node: string, topic: string, payload: unknown): Promise<string> {
  const from = bus.mark();
  await bus.publish(topic, payload);
  const log = await bus.on(`agents/${node}/logs`, (message) => message.json.type === "error", from);
  const mirrored = await bus.on(`nodes/${node}/audit`, () => true, from);
  assertEquals(mirrored.json.code, log.json.code);
  assertEquals(mirrored.json.reason, log.json.message);
  const replyTopic = (payload as Record<string, unknown>)?._reply_topic;
  if (typeof replyTopic === "string") {
    const reply = await bus.on(replyTopic, () => true, from);
    assertEquals([reply.json.ok, reply.json.code], [false, log.json.code]);
  }
  return log.json.code;
}

Deno.test("a command is obeyed as it was signed, once, and the audit log has what was refused", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start, agentsOn }) => {
    await using node = await start("n");
    const topic = "nodes/n/spawn";
    const command = { ...agentConfig("x"), _reply_topic: "tests/refused" };
    const code = (payload: unknown, on = topic) => refusal(bus, "n", on, payload);
    const signed = await boss.sign(topic, command);
    assertEquals(await code(command), "unsigned");
    assertEquals(await code("x", "nodes/n/stop"), "unsigned");
    assertEquals(await code({ ...signed, code: "evil()" }), "tampered");
    assertEquals(await agentsOn("n"), []);
    // The very command that was tampered with above.
    const from = bus.mark();
    await bus.publish(topic, signed);
    assertEquals((await bus.on("tests/refused", () => true, from)).json.ok, true);
    assertEquals(await code(signed), "replayed");
    // The log is written behind what happens: at the end of a node it is whole.
    await node.end();
    const audit = await readAudit(node.stateDir, "n");
    const refused = audit.filter(({ event }) => event === "refused").map(({ code }) => code);
    assertEquals(refused, ["unsigned", "unsigned", "tampered", "replayed"]);
  });
});

Deno.test("what a key holder signs is obeyed: spawn, buttons, stop, desired_state and stop_all, compact or with a copy", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start }) => {
    await using node = await start("n");
    assertEquals((await boss.order("nodes/n/spawn", agentConfig("x"))).json.ok, true);
    const id = actorId("x");
    await bus.on(`agents/${id}/heartbeat`, (message) => message.json.state === "running");
    const buttons = `agents/${id}/commands`;
    assertEquals(await refusal(bus, "n", buttons, { command: "pause" }), "unsigned");
    assertEquals((await boss.order(buttons, { command: "pause" }, { node: "n" })).json.command, "pause");
    assertEquals((await boss.order("nodes/n/stop", { name: "x" })).json.agent, "x");
    const state = { node: "n", agents: [agentConfig("y")], timestamp: nowSeconds() };
    assertEquals((await boss.order("nodes/n/desired_state", state)).json.started, ["y"]);
    const from = bus.mark();
    const { _jws } = await boss.sign("nodes/n/stop", "y");
    await bus.publish("nodes/n/stop", { _jws });
    await bus.on(`agents/${actorId("y")}/heartbeat`, (message) => message.json.state === "stopped", from);
    assertEquals((await boss.order("nodes/n/stop_all", {})).json.ok, true);
    assertEquals(await node.exitCode(), 0);
    const audit = await readAudit(node.stateDir, "n");
    const obeyed = audit.filter(({ event, outcome }) => event === "command" && outcome === "accepted");
    assertEquals(
      obeyed.map(({ command, signer }) => [command, signer]),
      ["spawn", "commands", "stop", "desired_state", "stop", "stop_all"].map((command) => [command, "owner"]),
    );
  });
});

Deno.test("a replay is refused by the next process too, and a damaged list of used commands lets nothing older in", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start }) => {
    const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
    const used = `${stateDir}/agentflow_n.registry/used_commands.jsonl`;
    const spawn = await boss.sign("nodes/n/spawn", agentConfig("x"));
    const stop = await boss.sign("nodes/n/stop", { name: "x", _reply_topic: "tests/stopped" });
    const unused = await boss.sign("nodes/n/stop", { name: "x" });
    {
      await using _first = await start("n", stateDir);
      await bus.publish("nodes/n/spawn", spawn, { retain: true });
      await bus.on(`agents/${actorId("x")}/heartbeat`, (message) => message.json.state === "running");
      await bus.publish("nodes/n/stop", stop);
      assertEquals((await bus.on("tests/stopped")).json.ok, true);
    }
    assertEquals(((await Deno.stat(used)).mode ?? 0) & 0o777, 0o600);
    {
      await using second = await start("n", stateDir);
      assertEquals(await refusal(bus, "n", "nodes/n/spawn", spawn), "replayed");
      assertEquals(await refusal(bus, "n", "nodes/n/stop", stop), "replayed");
      await second.end("SIGKILL");
    }
    await Deno.writeTextFile(used, "rubbish\n");
    const from = bus.mark();
    await using _third = await start("n", stateDir);
    await bus.on(
      "agents/n/logs",
      (message) => /damaged.*nothing signed before now/.test(message.json.message),
      from,
    );
    assertEquals(await refusal(bus, "n", "nodes/n/stop", unused), "issued_before_reset");
    assertEquals((await boss.order("nodes/n/spawn", agentConfig("x"))).json.ok, true);
    await _third.end();
    await Deno.remove(stateDir, { recursive: true });
  });
});

Deno.test("a desired_state in force may come again, an older one may not, and neither brings back what was stopped", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start, agentsOn }) => {
    const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
    const topic = "nodes/n/desired_state";
    const state = (...names: string[]) => ({
      node: "n",
      agents: names.map(agentConfig),
      timestamp: nowSeconds(),
    });
    const older = await boss.sign(topic, state("old"), { nowSeconds: nowSeconds() - 5 });
    const current = await boss.sign(topic, { ...state("x", "y"), _reply_topic: "tests/desired" });
    {
      await using _first = await start("n", stateDir);
      await bus.publish(topic, current, { retain: true });
      assertEquals((await bus.on("tests/desired")).json.started, ["x", "y"]);
      assertEquals((await boss.order("nodes/n/stop", { name: "y" })).json.ok, true);
      // Sent again by somebody who has recorded it.
      const from = bus.mark();
      await bus.publish(topic, current);
      assertEquals((await bus.on("tests/desired", () => true, from)).json.started, []);
      assertEquals(await refusal(bus, "n", topic, older), "superseded");
    }
    const from = bus.mark();
    await using second = await start("n", stateDir);
    // The broker hands it over again, as it has kept it.
    assertEquals((await bus.on("tests/desired", () => true, from)).json, { ok: true, started: [] });
    assertEquals(await agentsOn("n"), ["x"]);
    await second.end();
    await Deno.remove(stateDir, { recursive: true });
  });
});

Deno.test("keys are changed without a restart, and a broken key file changes nothing", async () => {
  const successor = await newKey("successor");
  await onScene([{ key: owner }], async ({ bus, folder, boss, start }) => {
    await using _node = await start("n");
    const heir = new Commander(bus, successor);
    const spawn = (name: string) => ["nodes/n/spawn", agentConfig(name)] as const;
    assertEquals(await refusal(bus, "n", "nodes/n/spawn", await heir.sign(...spawn("a"))), "unknown_key");
    await folder.write(keyFileText([{ key: owner }, { key: successor }]));
    assertEquals((await heir.order(...spawn("a"))).json.ok, true);
    await folder.write("[{");
    assertEquals((await boss.order(...spawn("b"))).json.ok, true);
    await bus.on("agents/n/logs", (message) => /has changed and cannot be used/.test(message.json.message));
    await folder.write(keyFileText([{ key: successor }]));
    assertEquals(await refusal(bus, "n", "nodes/n/spawn", await boss.sign(...spawn("c"))), "unknown_key");
    assertEquals((await heir.order(...spawn("c"))).json.ok, true);
  });
});

Deno.test("an agent that was started without a signature does not move to a node that trusts keys", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start, agentsOn }) => {
    await using open = await start("open", undefined, ["--trust-mode", "off"]);
    await using _closed = await start("closed");
    await open.spawn(bus, agentConfig("x"));
    const signed = await boss.sign("nodes/open/spawn", agentConfig("y"));
    await open.spawn(bus, signed as { name: string });
    const refused = await boss.order("nodes/open/migrate", { name: "x", target_node: "closed" });
    assertMatch(refused.json.error, /not started by a signed command/);
    // A node that trusts everybody hands on what it was given.
    const moved = await boss.order("nodes/open/migrate", { name: "y", target_node: "closed" });
    assertEquals(moved.json.success, true);
    assertEquals([await agentsOn("open"), await agentsOn("closed")], [["x"], ["y"]]);
  });
});

Deno.test("with --trust-mode warn everything is obeyed, and what would be refused is said", async () => {
  await onScene([{ key: owner }], async ({ bus, boss, start }) => {
    await using node = await start("n", undefined, ["--trust-mode", "warn"]);
    await node.spawn(bus, agentConfig("x"));
    const warning = await bus.on("agents/n/logs", (message) => message.json.code === "unsigned");
    assertMatch(warning.json.message, /Refused nodes\/n\/spawn: it is not signed \(only warned of/);
    const { _jws } = await boss.sign("nodes/n/spawn", agentConfig("y"), { node: "m" });
    await bus.publish("nodes/n/spawn", { _jws });
    await bus.on(`agents/${actorId("y")}/heartbeat`, (message) => message.json.state === "running");
    await node.end();
    const audit = await readAudit(node.stateDir, "n");
    const commands = audit.filter(({ event }) => event === "command");
    assertEquals(commands.map(({ outcome, code }) => [outcome, code]), [
      ["accepted", "unsigned"],
      ["accepted", "wrong_node"],
    ]);
  });
});

Deno.test("a key file that cannot be used stops the start, with exit code 2", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-trust-" });
  const path = `${dir}/keys.json`;
  const start = async () => {
    await using node = await NodeProcess.start({ port: 1, name: "n", args: ["--trust", path] });
    const { code } = await node.child.status;
    await node.end();
    return [code, node.stderr.join("\n")] as const;
  };
  for (
    const [text, mode, expected] of [
      ["[{", 0o600, /--trust: .*keys\.json cannot be used/],
      [keyFileText([{ key: owner }]), 0o666, /mode 666 makes it writable for others/],
      [
        JSON.stringify([{ kid: "k", public: owner.private, nodes: ["*"], commands: ["*"] }]),
        0o600,
        /private half/,
      ],
    ] as const
  ) {
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    const [code, said] = await start();
    assertEquals(code, 2, said);
    assertMatch(said, expected);
  }
  await Deno.remove(dir, { recursive: true });
});
