/** The manifest of an agent: what it is and what it publishes, retained while it is there. */
import { assert, assertEquals } from "@std/assert";
import { testOnStage } from "../support/stage.ts";

const PUBLISHING =
  "async function setup(agent) { await agent.publish('m/b', 1); await agent.publish('m/a', 1); }";

testOnStage("manifest", {}, {
  "it is retained, and tells what the spawn config told, with the topics in order": async (stage) => {
    const about = {
      description: "reads a sensor",
      capabilities: ["temperature", "humidity"],
      input_schema: { type: "object", properties: { unit: { type: "string" } } },
      output_schema: { type: "number" },
    };
    const agent = await stage.spawn({ name: "full", code: PUBLISHING, ...about });
    await agent.on("manifest");
    const { timestamp, ...manifest } = JSON.parse(await stage.retained(agent.topic("manifest")));
    assertEquals(typeof timestamp, "number");
    const who = { name: "full", actor_id: agent.id, node: "test-node" };
    assertEquals(manifest, { ...who, ...about, epoch: 0, publishes: ["m/a", "m/b"] });
  },

  "a config that says nothing about itself has an empty manifest": async (stage) => {
    const agent = await stage.spawn({ name: "bare", code: "function setup() {}" });
    const { json } = await agent.on("manifest");
    assertEquals([json.description, json.capabilities, json.publishes], ["", [], []]);
    assertEquals([json.input_schema, json.output_schema], [{}, {}]);
  },

  "it comes after setup() has returned": async (stage) => {
    const code = `async function setup(agent) {
      await agent.publish("m/first", 1);
      await agent.log("still in setup");
      await new Promise(() => {});
    }`;
    const agent = await stage.spawn({ name: "unfinished", code });
    await agent.logged("still in setup");
    await stage.list();
    assertEquals(agent.all("manifest"), []);
  },

  "a new topic is told once; a topic that is known is not told again": async (stage) => {
    const code = "async function handle_task(agent, topic) { await agent.publish(topic, 1); }";
    const agent = await stage.spawn({ name: "growing", code });
    await agent.on("manifest");
    await agent.task("m/z");
    await agent.on("manifest", (json) => json.publishes.length === 1);
    for (let n = 0; n < 5; n++) await agent.task("m/z");
    await agent.task("m/y");
    await agent.on("manifest", (json) => json.publishes.length === 2);
    assertEquals(agent.all("manifest").map((json) => json.publishes), [[], ["m/z"], ["m/y", "m/z"]]);
  },

  "many first topics at once make few messages, and the list has an end": async (stage) => {
    const code = `async function handle_task(agent, { from, to }) {
      for (let n = from; n < to; n++) await agent.publish("m/many/" + n, n);
    }`;
    const agent = await stage.spawn({ name: "many", code });
    await agent.task({ from: 0, to: 100 });
    await agent.on("manifest", (json) => json.publishes.length === 100);
    assert(agent.all("manifest").length < 20, `${agent.all("manifest").length} manifests for 100 topics`);
    await agent.task({ from: 100, to: 3000 });
    await agent.task({ from: 0, to: 1 });
    const longest = () => Math.max(...agent.all("manifest").map((json) => json.publishes.length));
    const fence = await stage.spawn({ name: "many-fence", code });
    await fence.task({ from: 0, to: 1 });
    await fence.on("manifest", (json) => json.publishes.length === 1);
    assert(longest() < 3000, `${longest()} topics in one manifest`);
    assert(agent.all("manifest").length < 50);
  },

  "a detection's own topic is told too": async (stage) => {
    const code = "async function setup(agent) { await agent.publish_detection({ n: 1 }); }";
    const agent = await stage.spawn({ name: "detects", code });
    const { json } = await agent.on("manifest");
    assertEquals(json.publishes, ["test-node/detects/detections"]);
  },

  "it is cleared when the agent is stopped or deleted": async (stage) => {
    for (const end of ["stop", "press stop", "press delete"]) {
      const agent = await stage.spawn({ name: "cleared", code: PUBLISHING });
      await agent.on("manifest");
      if (end === "stop") await stage.command("stop", { name: "cleared" });
      else await agent.press(end.split(" ")[1] ?? "");
      await agent.on("manifest", (json) => json === undefined);
      assertEquals(await stage.retained(agent.topic("manifest")), "", end);
    }
  },

  "it stays through a crash, and is told anew after it": async (stage) => {
    const code = `${PUBLISHING} function handle_task() { Deno.exit(3); }`;
    const agent = await stage.spawn({ name: "crashes", code, restart_delay: 0 });
    await agent.on("manifest");
    const from = stage.bus.mark();
    await agent.task(null);
    const { json } = await agent.on("manifest", undefined, from);
    assertEquals(json.publishes, ["m/a", "m/b"]);
  },

  "after a replace it is the new agent's": async (stage) => {
    const old = await stage.spawn({ name: "new", code: PUBLISHING, description: "old" });
    await old.on("manifest");
    const agent = await stage.launch({
      name: "new",
      code: "function setup() {}",
      description: "new",
      replace: true,
    });
    await agent.on("manifest", (json) => json?.description === "new");
    const { description, publishes } = JSON.parse(await stage.retained(agent.topic("manifest")));
    assertEquals([description, publishes], ["new", []]);
  },
});
