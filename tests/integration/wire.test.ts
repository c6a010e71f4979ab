/** One agent's whole life on the wire, against every broker of this machine. */
import { assert, assertEquals } from "@std/assert";
import { testBrokers } from "../support/brokers.ts";
import { type Stage, testOnStage } from "../support/stage.ts";

const AGENT = `
async function setup(agent) {
  await agent.log("set up");
  await agent.subscribe("wire/in/#", (payload) => agent.publish("wire/out", payload));
}
async function process(agent) { await agent.publish("wire/reading", { value: 21.5, node: agent.node }); }
async function handle_task(agent, payload) {
  switch (payload.do) {
    case "alert": return await agent.alert("too hot", "error");
    case "result": return await agent.publish_result(1);
    case "detection": return await agent.publish_detection("cat");
    case "retain": return await agent.publish("wire/kept", "kept", { retain: true });
    case "burst": for (let n = 0; n < 2000; n++) await agent.publish("wire/burst", n); return;
    case "ask": return { got: await agent.send_to("wire-peer", "hello") };
    case "die": return Deno.exit(3);
  }
}`;

for (const { kind, start } of testBrokers()) {
  testOnStage(`wire (${kind})`, { startBroker: start }, {
    "a node is born on its retained status, and says who it is": async (stage) => {
      const { json } = await stage.bus.on("nodes/test-node/heartbeat");
      assertEquals(json.agents, []);
      const { instance, status } = JSON.parse(await stage.retained("nodes/test-node/status"));
      assertEquals([instance, status], [json.instance, "online"]);
    },

    "a retained spawn starts the agent, once, and is cleared": async (stage) => {
      const agent = stage.agent("wire");
      const config = { name: "wire", node: "test-node", code: AGENT, poll_interval: 0.05, restart_delay: 0 };
      await stage.bus.publish("nodes/test-node/spawn", config, { retain: true });
      await stage.bus.publish("nodes/test-node/desired_state", { agents: [config] }, { retain: true });
      await agent.on("manifest", (json) => json.publishes.includes("wire/reading"));
      assertEquals((await stage.bus.on("wire/reading")).json, { value: 21.5, node: "test-node" });
      assertEquals(agent.states(), ["running"]);
      assertEquals(agent.all("logs").map((json) => json.message), ["set up"]);
      assertEquals(await stage.retained("nodes/test-node/spawn"), "");
      assert((await stage.retained("nodes/test-node/desired_state")) !== "");
      await stage.bus.publish("nodes/test-node/desired_state", "", { retain: true });
    },

    "what the agent does arrives": async (stage) => {
      const agent = stage.agent("wire");
      for (const what of ["alert", "result", "detection", "retain"]) {
        assertEquals(await agent.task({ do: what }), {});
      }
      assertEquals((await agent.on("alert")).json.severity, "error");
      assertEquals((await agent.on("results")).json.result, 1);
      assertEquals((await agent.on("detections")).json.detections, "cat");
      assertEquals((await stage.bus.on("test-node/wire/detections")).json, "cat");
      assertEquals(await stage.retained("wire/kept"), "kept");
    },

    "a burst arrives whole and in order": async (stage) => {
      assertEquals(await stage.agent("wire").task({ do: "burst" }), {});
      await stage.bus.on("wire/burst", ({ json }) => json === 1999);
      const arrived = stage.bus.all("wire/burst").map(({ json }) => json);
      assertEquals(arrived, Array.from({ length: 2000 }, (_, n) => n));
    },

    "agents ask each other, and hear what they subscribe to": async (stage) => {
      const peer = await stage.spawn({
        name: "wire-peer",
        code: "function handle_task(_agent, text) { return { text }; }",
      });
      assertEquals(await stage.agent("wire").task({ do: "ask" }), { got: { text: "hello" } });
      await stage.bus.publish("wire/in/deep", { n: 1 });
      assertEquals((await stage.bus.on("wire/out")).json, { n: 1 });
      await stage.command("stop", { name: peer.name });
    },

    "pause and resume are told": async (stage) => {
      const agent = stage.agent("wire");
      await agent.press("pause");
      await agent.press("resume");
      assertEquals(agent.states(), ["paused", "running"]);
    },

    "an agent that has crashed, or was replaced or spawned again, does all that again": async (stage) => {
      const again: Record<string, (stage: Stage) => Promise<unknown>> = {
        crash: (stage) => stage.agent("wire").task({ do: "die" }),
        replace: (stage) => stage.launch({ name: "wire", code: AGENT, restart_delay: 0, replace: true }),
        "stop and spawn": async (stage) => {
          await stage.bus.publish("nodes/test-node/stop", { name: "wire" });
          await stage.launch({ name: "wire", code: AGENT, restart_delay: 0 });
        },
      };
      for (const [how, run] of Object.entries(again)) {
        const agent = stage.agent("wire");
        const from = stage.bus.mark();
        await run(stage);
        await agent.on("manifest", (json) => json?.publishes.length > 0);
        await agent.logged("set up");
        assertEquals(await agent.task({ do: "result" }), {}, how);
        await stage.bus.publish(`wire/in/${how}`, how);
        await stage.bus.on("wire/out", ({ text }) => text === how, from);
        assertEquals((await agent.press("pause")).ok, true, how);
        await agent.press("resume");
      }
    },

    "commands that come together for one agent are carried out in order": async (stage) => {
      const config = { name: "turns", node: "test-node", code: AGENT, replace: true };
      const from = stage.bus.mark();
      await Promise.all(
        [1, 2, 3, 4].map((n) =>
          stage.bus.publish("nodes/test-node/spawn", { ...config, description: `number ${n}` })
        ),
      );
      const agent = stage.agent("turns");
      const { json } = await agent.on("manifest", (manifest) => manifest?.description === "number 4", from);
      assertEquals(json.node, "test-node");
      assertEquals(await agent.task({ do: "result" }), {});
      assertEquals([...(await stage.list()).keys()], ["wire", "turns"]);
    },

    "stop_all ends the node in order": async (stage) => {
      const from = stage.bus.mark();
      await stage.bus.publish("nodes/test-node/stop_all", { reason: "operator" });
      assertEquals(await stage.node.exitCode(), 0);
      await stage.bus.on("nodes/test-node/status", ({ json }) => json.status === "offline", from);
      const last = await stage.bus.on(
        "nodes/test-node/heartbeat",
        ({ json }) => json.status === "offline",
        from,
      );
      assert(last.json.agents === undefined);
      for (const name of ["wire", "turns"]) {
        const agent = stage.agent(name);
        await agent.state("stopped", from);
        assertEquals(await stage.retained(agent.topic("manifest")), "");
      }
    },
  });

  testOnStage(`last will (${kind})`, { startBroker: start }, {
    "a node that is killed is declared offline, retained, with its own instance": async (stage) => {
      const { instance } = (await stage.bus.on("nodes/test-node/status")).json;
      const from = stage.bus.mark();
      await stage.node.end("SIGKILL");
      const will = await stage.bus.on("nodes/test-node/status", undefined, from);
      assertEquals([will.json.status, will.json.instance, will.json.node], [
        "offline",
        instance,
        "test-node",
      ]);
      assertEquals(JSON.parse(await stage.retained("nodes/test-node/status")).status, "offline");
    },
  });
}
