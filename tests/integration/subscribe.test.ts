/** `agent.subscribe`: what arrives at handlers, and until when. */
import { assertEquals, assertMatch } from "@std/assert";
import { testOnStage } from "../support/stage.ts";

/** Echoes what its handler gets, and answers a task when all that came before is handled. */
const listener = (filter: string) => `
  let unsubscribe;
  async function setup(agent) {
    unsubscribe = await agent.subscribe("${filter}", (payload, topic) =>
      agent.log([topic, payload instanceof Uint8Array ? [...payload] : payload]));
  }
  async function handle_task(agent, payload) { if (payload === "unsubscribe") await unsubscribe(); }`;

testOnStage("subscribe", {}, {
  "a handler gets JSON as its value, other text as a string, anything else as bytes": async (stage) => {
    const agent = await stage.spawn({ name: "kinds", code: listener("kinds/#") });
    await agent.on("manifest");
    const kinds: [topic: string, payload: string | Uint8Array, got: unknown][] = [
      ["kinds/object", '{"a":[1,null]}', { a: [1, null] }],
      ["kinds/number", "21.5", 21.5],
      ["kinds/text", "plain text", "plain text"],
      ["kinds/empty", "", ""],
      ["kinds/bytes", new Uint8Array([255, 0, 195]), [255, 0, 195]],
      ["kinds", "null", null],
    ];
    for (const [topic, payload] of kinds) await stage.bus.publish(topic, payload);
    for (const [topic, , got] of kinds) await agent.logged(JSON.stringify([topic, got]));
    assertEquals(agent.all("logs").map((json) => JSON.parse(json.message)[0]), kinds.map(([topic]) => topic));
  },

  "a retained message is delivered once to each agent that asks for it": async (stage) => {
    await stage.bus.publish("kept/topic", { kept: 1 }, { retain: true });
    const line = JSON.stringify(["kept/topic", { kept: 1 }]);
    const agents = [];
    for (const name of ["kept-1", "kept-2", "kept-3"]) {
      const agent = await stage.spawn({ name, code: listener("kept/+") });
      await agent.logged(line);
      agents.push(agent);
    }
    await stage.bus.publish("kept/topic", "fence");
    for (const agent of agents) {
      await agent.logged(JSON.stringify(["kept/topic", "fence"]));
      assertEquals(agent.all("logs").map((json) => json.message), [
        line,
        JSON.stringify(["kept/topic", "fence"]),
      ]);
    }
  },

  "overlapping filters each get the message": async (stage) => {
    const code = `async function setup(agent) {
      for (const filter of ["over/#", "over/+", "over/lap"]) {
        await agent.subscribe(filter, (payload) => agent.log(filter + " " + payload));
      }
    }`;
    const agent = await stage.spawn({ name: "overlap", code });
    await agent.on("manifest");
    await stage.bus.publish("over/lap", "one");
    for (const filter of ["over/#", "over/+", "over/lap"]) await agent.logged(`${filter} one`);
  },

  "after unsubscribe nothing comes any more, and others still get theirs": async (stage) => {
    const leaves = await stage.spawn({ name: "leaves", code: listener("unsub/x") });
    const stays = await stage.spawn({ name: "stays", code: listener("unsub/x") });
    await Promise.all([leaves.on("manifest"), stays.on("manifest")]);
    await stage.bus.publish("unsub/x", 1);
    await Promise.all([leaves, stays].map((agent) => agent.logged('["unsub/x",1]')));
    await leaves.task("unsubscribe");
    await stage.bus.publish("unsub/x", 2);
    await stays.logged('["unsub/x",2]');
    await leaves.task(null);
    assertEquals(leaves.all("logs").length, 1);
  },

  "a subscription is gone when its agent is, and made again by a restart": async (stage) => {
    const code = listener("again/x").replace(
      "if (payload",
      "if (payload === 'die') Deno.exit(3); if (payload",
    );
    const agent = await stage.spawn({ name: "again", code, restart_delay: 0 });
    await agent.on("manifest");
    const from = stage.bus.mark();
    await agent.task("die");
    await agent.on("manifest", undefined, from);
    await stage.bus.publish("again/x", 1);
    await agent.logged('["again/x",1]');
    await agent.task(null);
    assertEquals(agent.all("logs").length, 1, "the dead process' subscription is gone");
    await stage.command("stop", { name: "again" });
    await stage.bus.publish("again/x", 2);
    const successor = await stage.spawn({ name: "again", code: "function handle_task() {}" });
    await stage.bus.publish("again/x", 3);
    await successor.task(null);
    assertEquals(agent.all("logs").length, 1);
  },

  "a handler that throws is logged with its line, and does not end the agent or its subscription": async (
    stage,
  ) => {
    const code = `async function setup(agent) {
      await agent.subscribe("throws/x", (payload) => {
        if (payload === 1) throw new Error("not one");
        return agent.log("got " + payload);
      });
    }`;
    const agent = await stage.spawn({ name: "throws", code });
    await agent.on("manifest");
    await stage.bus.publish("throws/x", 1);
    await stage.bus.publish("throws/x", 2);
    await agent.logged("got 2");
    const { json } = await agent.on("logs", (log) => log.level === "error");
    assertMatch(json.message, /throws\/x failed.*not one.*throws\.ts:3/s);
    assertEquals(agent.states(), ["running"]);
  },

  "an invalid filter is the agent's error": async (stage) => {
    const code = "async function handle_task(agent, filter) { await agent.subscribe(filter, () => {}); }";
    const agent = await stage.spawn({ name: "bad-filter", code });
    for (const filter of ["a+", "#/a", "", 5]) {
      assertMatch((await agent.task(filter)).error, /Cannot subscribe to/);
    }
  },

  "an agent hears another's messages, and its own": async (stage) => {
    const code = `async function setup(agent) {
      await agent.subscribe("between/agents", (payload) => agent.log("heard " + payload));
    }
    async function handle_task(agent, payload) { await agent.publish("between/agents", payload); }`;
    const one = await stage.spawn({ name: "one", code });
    const two = await stage.spawn({ name: "two", code });
    await Promise.all([one.on("manifest"), two.on("manifest")]);
    await one.task("hello");
    await Promise.all([one.logged("heard hello"), two.logged("heard hello")]);
  },
});
