/** `migrate`: an agent moves to another node, with all of its config. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { NodeProcess } from "../support/node_process.ts";
import { testOnStage } from "../support/stage.ts";

const CODE = "function handle_task(agent) { return { node: agent.node }; }";

testOnStage("migrate", {}, {
  "an agent stops here and runs there, with its whole config": async (stage) => {
    await using _target = await NodeProcess.start({ port: stage.broker.port, name: "target" });
    await stage.bus.on("nodes/target/heartbeat");
    const config = {
      name: "mover",
      description: "moves",
      capabilities: ["moving"],
      poll_interval: 0.5,
      max_restarts: 7,
      code: CODE,
      unknown_field: { kept: [1, null] },
    };
    const agent = await stage.spawn(config);
    await agent.on("manifest");
    assertEquals(await agent.task(null), { node: "test-node" });
    const from = stage.bus.mark();
    await stage.bus.publish("nodes/test-node/migrate", { name: "mover", target_node: "target" });

    const sent = await stage.bus.on("nodes/target/spawn", ({ text }) => text !== "", from);
    assertEquals({ ...sent.json, ...config, node: "target" }, sent.json);
    const result = await stage.bus.on("nodes/test-node/migrate_result", undefined, from);
    const { timestamp, ...rest } = result.json;
    assertEquals(typeof timestamp, "number");
    const expected = { success: true, agent: "mover", from_node: "test-node", to_node: "target" };
    assertEquals({ ...rest, ...expected }, rest);

    const running = await agent.on(
      "heartbeat",
      (json) => json.state === "running" && json.node === "target",
      from,
    );
    assertEquals(running.json.actor_id, agent.id);
    const manifest = await agent.on("manifest", (json) => json?.node === "target", from);
    assertEquals([manifest.json.description, manifest.json.capabilities], ["moves", ["moving"]]);
    assertEquals(await agent.task(null), { node: "target" });
    await agent.on("heartbeat", (json) => json.state === "stopped" && json.node === "test-node", from);
    assertEquals((await stage.list()).has("mover"), false);
    const cleared = stage.bus.all(agent.topic("manifest"), from).filter(({ text }) => text === "");
    assertEquals(cleared, [], "the manifest is not cleared: the agent is still there");
    const there = await stage.bus.ask("nodes/target/list", {});
    assertEquals(there.json.agents.map(({ name }: { name: string }) => name), ["mover"]);
  },

  "an agent that is not here cannot be moved": async (stage) => {
    const from = stage.bus.mark();
    const answer = await stage.command("migrate", { name: "nobody", target_node: "target" });
    const { json } = await stage.bus.on("nodes/test-node/migrate_result", undefined, from);
    assertEquals([json.success, json.agent, typeof json.timestamp], [false, "nobody", "number"]);
    assertMatch(json.error, /nobody/);
    assertEquals([answer.ok, answer.error], [false, json.error]);
    await stage.nodeLog((log) => log.type === "error" && log.message === json.error, from);
    assertEquals(stage.bus.all("nodes/target/spawn", from), []);
  },

  "a command that does not say whom to move, or where to, moves nothing": async (stage) => {
    await stage.spawn({ name: "stays", code: CODE });
    const { pid } = (await stage.list()).get("stays");
    const bad = [{ name: "stays" }, { name: "stays", target_node: "a/b" }, { target_node: "target" }, {
      name: 7,
      target_node: "target",
    }, { name: "stays", target_node: "test-node" }];
    for (const payload of bad) {
      const from = stage.bus.mark();
      assertEquals((await stage.command("migrate", payload)).ok, false);
      const { json } = await stage.bus.on("nodes/test-node/migrate_result", undefined, from);
      assertEquals(json.success, false);
      assert(json.error.length > 0);
    }
    await stage.bus.publish("nodes/test-node/migrate", "stays");
    await stage.nodeLog((log) => log.type === "error" && /migrate/.test(log.message));
    assertEquals((await stage.list()).get("stays").pid, pid);
  },
});
