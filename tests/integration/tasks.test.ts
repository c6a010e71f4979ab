/** Tasks, and agents that give tasks to each other. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { topics } from "../../protocol/topics.ts";
import { NodeProcess } from "../support/node_process.ts";
import { testOnStage } from "../support/stage.ts";

const ECHO = "function handle_task(agent, payload) { return { echo: payload, by: agent.name }; }";
/** Passes a task on, and answers with what came back. */
const FORWARD = `
async function handle_task(agent, { to, payload, timeout }) {
  const options = timeout === undefined ? [] : [timeout];
  return { got: await agent.send_to(to, payload, ...options) };
}`;

testOnStage("tasks", {}, {
  "the payload of a task is handed over; an object without one is handed over whole": async (stage) => {
    const { bus } = stage;
    const agent = await stage.spawn({ name: "echo", code: ECHO });
    for (const payload of [{ a: [1] }, "text", 7, false, null, ["list"]]) {
      assertEquals(await agent.task(payload), { echo: payload, by: "echo" });
    }
    const whole = await bus.ask(topics.task("echo"), { question: "what?" });
    assertEquals(whole.json.echo, { question: "what?", _reply_topic: whole.topic });
  },

  "replies have the shapes of the contract": async (stage) => {
    const values: Record<string, [code: string, reply: unknown]> = {
      object: ["{ a: 1 }", { a: 1 }],
      nested: ["{ a: { b: [1, null] } }", { a: { b: [1, null] } }],
      empty_object: ["{}", {}],
      undefined: ["undefined", {}],
      null: ["null", {}],
      zero: ["0", { result: 0 }],
      number: ["1.5", { result: 1.5 }],
      false: ["false", { result: false }],
      string: ["'hi'", { result: "hi" }],
      empty_string: ["''", { result: "" }],
      list: ["[1, { a: null }]", { result: [1, { a: null }] }],
      empty_list: ["[]", { result: [] }],
      date: ["new Date(0)", { result: "1970-01-01T00:00:00.000Z" }],
    };
    const cases = Object.entries(values).map(([key, [code]]) => `${key}: ${code}`);
    const code = `async function handle_task(_agent, key) { return { ${cases} }[key]; }`;
    const agent = await stage.spawn({ name: "shapes", code });
    for (const [key, [, reply]] of Object.entries(values)) assertEquals(await agent.task(key), reply, key);
  },

  "an agent without handle_task says so": async (stage) => {
    const agent = await stage.spawn({ name: "handless", code: "function process() {}" });
    assertEquals(await agent.task(1), { error: "Agent 'handless' has no handle_task function." });
    assertEquals(agent.all("errors"), []);
  },

  "a handle_task that throws is an error reply, and a warning on the errors topic": async (stage) => {
    const code = "async function handle_task() {\n  throw new RangeError('too far');\n}";
    const agent = await stage.spawn({ name: "thrower", code });
    assertEquals(await agent.task(1), { error: "too far", error_phase: "handle_task", agent: "thrower" });
    const { json } = await agent.on("errors");
    assertEquals([json.phase, json.severity, json.error], ["handle_task", "warning", "too far"]);
    assertMatch(json.traceback, /thrower\.ts:2/);
    assertEquals((await stage.list()).get("thrower").state, "running");
  },

  "a result that is not JSON is an error reply": async (stage) => {
    const code = "function handle_task() { const circle = {}; circle.circle = circle; return circle; }";
    const agent = await stage.spawn({ name: "circular", code });
    assertEquals((await agent.task(1)).error_phase, "handle_task");
    assertEquals((await stage.list()).get("circular").state, "running");
  },

  "a task without a reply topic is carried out all the same": async (stage) => {
    const code = "function handle_task(agent, payload) { return agent.log('got ' + payload); }";
    const agent = await stage.spawn({ name: "mute", code });
    await stage.bus.publish(topics.task("mute"), { payload: "it" });
    await agent.logged("got it");
  },

  "a task is answered while process() is slow, and while another task is": async (stage) => {
    const code = `
      async function process(agent) { await agent.log("waiting"); await new Promise(() => {}); }
      let release;
      async function handle_task(agent, payload) {
        if (payload === "hold") await new Promise((resolve) => release = resolve);
        if (payload === "release") release();
        return { payload };
      }`;
    const agent = await stage.spawn({ name: "concurrent", code });
    await agent.logged("waiting");
    const held = agent.task("hold");
    assertEquals(await agent.task("quick"), { payload: "quick" });
    assertEquals(await agent.task("release"), { payload: "release" });
    assertEquals(await held, { payload: "hold" });
  },

  "tasks that come before setup() has returned are answered after it": async (stage) => {
    const code = `
      let ready = false;
      async function setup(agent) {
        const stop = Promise.withResolvers();
        await agent.subscribe("tests/tasks/go", () => stop.resolve());
        await agent.log("in setup");
        await stop.promise;
        ready = true;
      }
      function handle_task(agent, n) { return { n, ready }; }`;
    const agent = await stage.spawn({ name: "early", code });
    await agent.logged("in setup");
    const replies = [1, 2, 3].map((n) => agent.task(n));
    await stage.bus.on(topics.task("early"), ({ json }) => json.payload === 3);
    await stage.list();
    await stage.bus.publish("tests/tasks/go", "");
    assertEquals(await Promise.all(replies), [1, 2, 3].map((n) => ({ n, ready: true })));
  },

  "a task is answered with an error when its agent crashes over it": async (stage) => {
    const code = "function handle_task(agent, payload) { if (payload === 'die') Deno.exit(3); return {}; }";
    const agent = await stage.spawn({ name: "fragile", code, restart_delay: 0 });
    await agent.on("manifest");
    const from = stage.bus.mark();
    const reply = await agent.task("die");
    assertEquals([reply.error_phase, reply.agent], ["handle_task", "fragile"]);
    assertMatch(reply.error, /ended while/);
    await agent.on("manifest", undefined, from);
    assertEquals(agent.states(from), ["restarting", "running"]);
    assertEquals(await agent.task("live"), {});
  },

  "a task for an agent that waits for its restart is answered with an error": async (stage) => {
    const code = "function process() { Deno.exit(3); }";
    const agent = await stage.launch({ name: "away", code, restart_delay: 600 });
    await agent.state("restarting");
    assertEquals((await agent.task(1)).error_phase, "handle_task");
  },

  "the node stays silent about a task for an agent that is not here": async (stage) => {
    const from = stage.bus.mark();
    await stage.bus.publish(topics.task("nobody"), { _reply_topic: "tests/reply/nobody", payload: 1 });
    await stage.list();
    assertEquals(stage.bus.all("tests/reply/nobody", from), []);
    assertEquals(stage.bus.all("agents/test-node/logs", from), []);
  },

  "an agent asks another on the same node from inside process() and handle_task": async (stage) => {
    await stage.spawn({ name: "peer", code: ECHO });
    const asker = await stage.spawn({ name: "asker", code: FORWARD });
    const got = { echo: { q: 1 }, by: "peer" };
    assertEquals(await asker.task({ to: "peer", payload: { q: 1 } }), { got });
    const code = `async function process(agent) {
      await agent.publish("tests/tasks/answer", await agent.delegate("peer", { q: 1 }));
    }`;
    await stage.spawn({ name: "process-asker", code });
    assertEquals((await stage.bus.on("tests/tasks/answer")).json, got);
    const isOfThem = (topic: string) =>
      topic === topics.task("peer") || topic.startsWith("nodes/test-node/reply/");
    assertEquals(stage.bus.messages.filter(({ topic }) => isOfThem(topic)), []);
  },

  "agents may ask in circles": async (stage) => {
    const code = `async function handle_task(agent, n) {
      return n === 0 ? { end: agent.name } : await agent.send_to(agent.name === "ping" ? "pong" : "ping", n - 1);
    }`;
    const ping = await stage.spawn({ name: "ping", code });
    await stage.spawn({ name: "pong", code });
    assertEquals(await ping.task(9), { end: "pong" });
    assertEquals(await ping.task(10), { end: "ping" });
  },

  "send_to nobody gives null when the time is up": async (stage) => {
    const asker = await stage.spawn({ name: "lonely", code: FORWARD });
    const from = stage.bus.mark();
    assertEquals(await asker.task({ to: "nobody-at-all", payload: 1, timeout: 0.05 }), { got: null });
    const { json } = await stage.bus.on(topics.task("nobody-at-all"), undefined, from);
    assertEquals([json._remote_task, json.payload], [true, 1]);
    assertMatch(json._reply_topic, /^nodes\/test-node\/reply\/[^/]+$/);
  },

  "a reply that is an error reaches the one who asked": async (stage) => {
    await stage.spawn({ name: "sour", code: "function handle_task() { throw new Error('no'); }" });
    const asker = await stage.spawn({ name: "sour-asker", code: FORWARD });
    const { got } = await asker.task({ to: "sour", payload: 1 });
    assertEquals(got, { error: "no", error_phase: "handle_task", agent: "sour" });
  },

  "an agent asks one on another node, which asks back": async (stage) => {
    await using other = await NodeProcess.start({ port: stage.broker.port, name: "other-node" });
    await stage.bus.on("nodes/other-node/heartbeat");
    await stage.spawn({ name: "here", code: ECHO });
    const asker = await stage.spawn({ name: "here-asker", code: FORWARD });
    await other.spawn(stage.bus, { name: "there", code: FORWARD });
    const reply = await asker.task({ to: "there", payload: { to: "here", payload: "far" } });
    assertEquals(reply, { got: { got: { echo: "far", by: "here" } } });
    const asked = await stage.bus.on(topics.task("here"));
    assert(asked.json._reply_topic.startsWith("nodes/other-node/reply/"));
  },

  "a task sent as soon as the agent is running is answered": async (stage) => {
    const agents = await Promise.all([1, 2, 3].map((n) => stage.launch({ name: `prompt-${n}`, code: ECHO })));
    await Promise.all(agents.map(async (agent) => {
      await agent.state("running");
      assertEquals(await agent.task(1), { echo: 1, by: agent.name });
    }));
  },
});
