/** What an agent can do through its `agent` object, as it arrives on the wire. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import mqtt from "mqtt";
import { join } from "@std/path";
import { topics } from "../../protocol/topics.ts";
import { testOnStage } from "../support/stage.ts";

/** The code runs in `setup()`, and is done when its agent has a manifest. */
const setup = (code: string) => `async function setup(agent) {\n${code}\n}`;

testOnStage("agent API", {}, {
  "publish sends strings and bytes as they are, all else as JSON": async (stage) => {
    const values: Record<string, [code: string, text: string]> = {
      string: ["'plain text'", "plain text"],
      empty: ["''", ""],
      bytes: ["new Uint8Array([104, 105])", "hi"],
      buffer: ["new Uint8Array([104, 105]).buffer", "hi"],
      object: ["{ value: 1, unit: 'C' }", '{"value":1,"unit":"C"}'],
      list: ["[1, 'a']", '[1,"a"]'],
      number: ["21.5", "21.5"],
      boolean: ["true", "true"],
      null: ["null", "null"],
      undefined: ["undefined", "null"],
    };
    const lines = Object.entries(values).map(([key, [code]]) =>
      `await agent.publish("api/${key}", ${code});`
    );
    await stage.spawn({ name: "publisher", code: setup(lines.join("\n")) });
    for (const [key, [, text]] of Object.entries(values)) {
      assertEquals((await stage.bus.on(`api/${key}`)).text, text, key);
    }
  },

  "bytes that are no text arrive unchanged": async (stage) => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${stage.broker.port}`);
    await client.subscribeAsync("api/binary", { qos: 1 });
    const received = new Promise<Uint8Array>((resolve) =>
      client.once("message", (_, payload) => resolve(payload))
    );
    await stage.spawn({
      name: "binary",
      code: setup(`await agent.publish("api/binary", new Uint8Array([0, 255, 195]));`),
    });
    assertEquals([...await received], [0, 255, 195]);
    await client.endAsync();
  },

  "publish takes qos and retain, and defaults to at least once, not retained": async (stage) => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${stage.broker.port}`);
    await client.subscribeAsync("qos/+", { qos: 2 });
    const qos: Record<string, number> = {};
    const all = new Promise<void>((resolve) =>
      client.on("message", (topic, _, packet) => {
        qos[topic] = packet.qos;
        if (Object.keys(qos).length === 4) resolve();
      })
    );
    const code = setup(`
      await agent.publish("qos/default", 1);
      for (const qos of [0, 1, 2]) await agent.publish("qos/" + qos, qos, { qos });
      await agent.publish("qos-kept", "kept", { retain: true });`);
    await (await stage.spawn({ name: "qos", code })).on("manifest");
    await all;
    await client.endAsync();
    assertEquals(qos, { "qos/default": 1, "qos/0": 0, "qos/1": 1, "qos/2": 2 });
    assertEquals(await stage.retained("qos-kept"), "kept");
    assertEquals(await stage.retained("qos/default"), "");
  },

  "messages of a tight loop arrive all, and in order": async (stage) => {
    const code = setup("for (let n = 0; n < 5000; n++) await agent.publish('api/loop', n);");
    await stage.spawn({ name: "loop", code });
    await stage.bus.on("api/loop", ({ json }) => json === 4999);
    assertEquals(
      stage.bus.all("api/loop").map(({ json }) => json),
      Array.from({ length: 5000 }, (_, n) => n),
    );
  },

  "publish to an invalid topic is the agent's error, with the reason": async (stage) => {
    const code = `async function handle_task(agent, topic) { await agent.publish(topic, 1); }`;
    const agent = await stage.spawn({ name: "wildcards", code });
    for (const topic of ["a/+", "a/#", "", 7, "nul\u0000"]) {
      const { error } = await agent.task(topic);
      assertMatch(error, /Cannot publish to .*topic/s);
    }
  },

  "log has the fields of the contract": async (stage) => {
    const agent = await stage.spawn({ name: "logger", code: setup("await agent.log('a line');") });
    const { timestamp, ...json } = (await agent.logged("a line")).json;
    assertEquals(typeof timestamp, "number");
    assertEquals(json, {
      type: "log",
      message: "a line",
      level: "info",
      agent: "logger",
      name: "logger",
      actor_id: agent.id,
      node: "test-node",
    });
  },

  "alert defaults to a warning, and is logged too": async (stage) => {
    const code = setup(`
      await agent.alert("too hot");
      await agent.alert("on fire", "error");
      await agent.alert("all is well", "info");`);
    const agent = await stage.spawn({ name: "alerter", code });
    const severities = { "too hot": "warning", "on fire": "error", "all is well": "info" };
    for (const [message, severity] of Object.entries(severities)) {
      const { timestamp, ...json } = (await agent.on("alert", (alert) => alert.message === message)).json;
      assertEquals(typeof timestamp, "number");
      const about = { agent: "alerter", name: "alerter", actor_id: agent.id, node: "test-node" };
      assertEquals(json, { message, severity, ...about });
      assertEquals((await agent.logged(message)).json.level, severity);
    }
  },

  "console is the agent's log, with its levels": async (stage) => {
    const code = setup(`
      console.log("%s is %d", "six", 6, { a: [1] });
      console.info("info");
      console.debug("debug");
      console.warn("warn");
      console.error(new Error("error").message);`);
    const agent = await stage.spawn({ name: "console", code });
    const levels = {
      "six is 6 { a: [ 1 ] }": "info",
      info: "info",
      debug: "debug",
      warn: "warning",
      error: "error",
    };
    for (const [message, level] of Object.entries(levels)) {
      const { json } = await agent.logged(message);
      assertEquals([json.level, json.agent, json.type], [level, "console", "log"]);
    }
  },

  "publish_result and publish_detection report what they are given": async (stage) => {
    const code = setup(`
      await agent.publish_result({ sum: 3 });
      await agent.publishResult([1]);
      await agent.publish_detection({ label: "cat" });`);
    const agent = await stage.spawn({ name: "detector", code });
    const { timestamp, ...result } = (await agent.on("results")).json;
    assertEquals(typeof timestamp, "number");
    assertEquals(result, { agent: "detector", node: "test-node", result: { sum: 3 } });
    assertEquals((await agent.on("results", (json) => Array.isArray(json.result))).json.result, [1]);
    const { timestamp: _, ...detection } = (await agent.on("detections")).json;
    assertEquals(detection, { agent: "detector", node: "test-node", detections: { label: "cat" } });
    assertEquals((await stage.bus.on("test-node/detector/detections")).json, { label: "cat" });
  },

  "a reading has a topic of its own, with its unit, and is checked by the node too": async (stage) => {
    const code = setup(`
      await agent.reading("temperature", 21.4);
      await agent.reading("temperature", 70.5, { unit: "°F", name: "attic" });
      const refused = await agent.reading("temperature", NaN).catch((error) => error);
      await agent.publish_result(refused.name + ": " + refused.message);
      const forged = { t: "reading", reading: "a/../../b", kind: "k", value: 1, unit: "" };
      await Deno.stdout.write(new TextEncoder().encode("\\n" + JSON.stringify(forged) + "\\n"));
      for (let n = 0; n < 70; n++) await agent.reading("k", n, { name: "n" + n });`);
    const agent = await stage.spawn({ name: "measurer", code });
    const topic = (name: string) => `agents/${agent.id}/readings/${name}`;
    const { retained, json: { timestamp, ...reading } } = await stage.bus.on(topic("temperature"));
    assertEquals([typeof timestamp, retained], ["number", false]);
    const about = { agent: "measurer", name: "measurer", actor_id: agent.id, node: "test-node" };
    assertEquals(reading, {
      reading: "temperature",
      kind: "temperature",
      value: 21.4,
      unit: "°C",
      ...about,
    });
    const { json: attic } = await stage.bus.on(topic("attic"));
    assertEquals([attic.reading, attic.kind, attic.value, attic.unit], ["attic", "temperature", 70.5, "°F"]);
    const { json: refused } = await agent.on("results");
    assertEquals(
      refused.result,
      "TypeError: Cannot publish the reading temperature: value must be a finite number, got NaN",
    );
    await agent.logged(
      "Refused by the node: reading 'n69': an agent may have 64 readings of different names",
    );
    const heard = new Set(
      stage.bus.messages.map(({ topic }) => topic).filter((one) =>
        one.startsWith(topic("")) && one !== topic("")
      ),
    );
    assertEquals(heard.size, 64, "no more than 64 names, and not the forged one");
    const { json: manifest } = await agent.on("manifest", (json) => json.publishes.length === 64);
    assert(manifest.publishes.includes(topic("attic")));
  },

  "a switch is turned by a task, and its state published; other tasks are for handle_task": async (stage) => {
    const code = `export async function setup(agent) {
      agent.state.lamp = await agent.switch("lamp", { onChange: (on) => { if (on) throw new Error("stuck"); } });
      await agent.switch("fan", { on: true, onChange: () => {} });
    }
    export const handle_task = (agent, { on }) => ({ handled: on ?? agent.state.lamp.on });`;
    const agent = await stage.spawn({ name: "switches", code });
    const topic = (name: string) => topics.switchState(agent.id, name);
    const { json: { timestamp, ...state } } = await stage.bus.on(topic("fan"));
    const about = { agent: "switches", name: "switches", actor_id: agent.id, node: "test-node" };
    assertEquals([typeof timestamp, state], ["number", { switch: "fan", on: true, ...about }]);
    // As another system sends it: without an envelope, and for no answer.
    await stage.bus.publish(topics.task("switches"), { switch: "fan", on: false });
    await stage.bus.on(topic("fan"), ({ json }) => json.on === false);
    assertEquals(await agent.task({ switch: "fan", on: true }), { switch: "fan", on: true });
    const { error, error_phase } = await agent.task({ switch: "lamp", on: true });
    assertEquals([error, error_phase], ["stuck", "handle_task"]);
    assertEquals(stage.bus.all(topic("lamp")).map(({ json }) => json.on), [false]);
    assertEquals(await agent.task({ switch: "heater", on: 7 }), { handled: 7 });
  },

  "set_status is the task of the next heartbeat, until the agent has another state": async (stage) => {
    const agent = await stage.spawn({
      name: "status",
      code: setup("await agent.set_status('calibrating');"),
    });
    const { json } = await agent.on("heartbeat", (beat) => beat.task === "calibrating");
    assertEquals(json.state, "running");
    await stage.command("stop", { name: "status" });
    assertEquals((await agent.state("stopped")).json.task, "stopped");
  },

  "an agent knows itself, its node, its broker and its neighbours": async (stage) => {
    const code = `function handle_task(agent) {
      const { name, actor_id, actorId, node, broker } = agent;
      return { name, actor_id, actorId, node, broker, agents: agent.agents() };
    }`;
    const agent = await stage.spawn({ name: "self", code });
    const { agents, ...self } = await agent.task(null);
    const { port } = stage.broker;
    assertEquals(self, {
      name: "self",
      actor_id: agent.id,
      actorId: agent.id,
      node: "test-node",
      broker: { host: "127.0.0.1", port, url: `mqtt://127.0.0.1:${port}` },
    });
    const listed = [...(await stage.list()).values()];
    assertEquals(agents, listed.map(({ name, actor_id }) => ({ name, actor_id, node: "test-node" })));
    await stage.spawn({ name: "neighbour", code: "function setup() {}" });
    assert((await agent.task(null)).agents.some(({ name }: { name: string }) => name === "neighbour"));
    await stage.command("stop", { name: "neighbour" });
    assert(!(await agent.task(null)).agents.some(({ name }: { name: string }) => name === "neighbour"));
  },

  "the names of a TypeScript author are the same members": async (stage) => {
    const pairs = [
      ["send_to", "sendTo"],
      ["send_to", "delegate"],
      ["set_status", "setStatus"],
      ["publish_result", "publishResult"],
      ["publish_detection", "publishDetection"],
      ["actor_id", "actorId"],
    ];
    const code = `function handle_task(agent, pairs) {
      return pairs.map(([one, other]) => one in agent && agent[one] === agent[other]);
    }`;
    const agent = await stage.spawn({ name: "aliases", code });
    assertEquals(await agent.task(pairs), { result: pairs.map(() => true) });
  },

  "agent.signal is aborted when the agent is asked to stop, and its last words are heard": async (stage) => {
    const code = `async function process(agent) {
      await agent.log("until the end: " + agent.signal.aborted);
      await new Promise((resolve) => agent.signal.addEventListener("abort", resolve));
      await agent.log("last words: " + agent.signal.aborted);
    }`;
    const agent = await stage.spawn({ name: "signalled", code });
    await agent.logged("until the end: false");
    await stage.command("stop", { name: "signalled" });
    await agent.logged("last words: true");
    const lines = stage.bus.messages.map(({ topic, json }) =>
      [topic, json?.message ?? json?.state].join(" ")
    );
    const said = lines.indexOf(`${agent.topic("logs")} last words: true`);
    assert(said < lines.indexOf(`${agent.topic("heartbeat")} stopped`));
  },

  "state is in memory only; persist survives a crash, a stop and a new spawn": async (stage) => {
    const code = `
      function setup(agent) {
        agent.state.n = (agent.state.n ?? 0) + 1;
        agent.persist("n", agent.recall("n", 0) + 1);
        agent.persist("deep", { list: [1, { a: null }] });
      }
      function handle_task(agent, payload) {
        if (payload === "die") Deno.exit(3);
        return { memory: agent.state.n, disk: agent.recall("n"), deep: agent.recall("deep"),
          missing: agent.recall("missing", "fallback"), nothing: agent.recall("missing") === undefined };
      }`;
    const config = { name: "keeper", code, restart_delay: 0 };
    const expected = (disk: number) => ({
      ...{ memory: 1, disk, deep: { list: [1, { a: null }] }, missing: "fallback", nothing: true },
    });
    const agent = await stage.spawn(config);
    assertEquals(await agent.task(1), expected(1));
    const from = stage.bus.mark();
    await agent.task("die");
    await agent.on("manifest", undefined, from);
    assertEquals(await agent.task(1), expected(2));
    await stage.command("stop", { name: "keeper" });
    const again = await stage.spawn(config);
    assertEquals(await again.task(1), expected(3));
    const file = join(stage.node.stateDir, "agentflow_keeper_state.json");
    assertEquals(JSON.parse(await Deno.readTextFile(file)), { n: 3, deep: { list: [1, { a: null }] } });
  },

  "each agent has a state of its own": async (stage) => {
    const code =
      "function handle_task(agent, value) { agent.persist('k', agent.recall('k', value)); return agent.recall('k'); }";
    const one = await stage.spawn({ name: "own-1", code });
    const two = await stage.spawn({ name: "own-2", code });
    assertEquals([await one.task("a"), await two.task("b"), await one.task("c")], [
      { result: "a" },
      { result: "b" },
      { result: "a" },
    ]);
  },
});
