/**
 * A main machine and its dashboard as they know the Python node: what they send, in the order and with the habits they
 * have, and the fields they read, of the kinds they read them as.
 */
import { assert, assertEquals } from "@std/assert";
import mqtt from "mqtt";
import { actorId } from "../../protocol/ids.ts";
import { HASTY_REPLY_MS } from "../../runner/node/agents/tasks.ts";
import { startBroker } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { installPython } from "../support/python.ts";
import { Stage, testOnStage } from "../support/stage.ts";

/** A field, and what a reader takes it for. */
type Kind = "string" | "number" | "boolean" | "strings" | "object" | "list";
type Shape = Readonly<Record<string, Kind>>;

const SHAPES: Readonly<Record<string, Shape>> = {
  nodeHeartbeat: {
    node: "string",
    node_id: "string",
    timestamp: "number",
    agents: "strings",
    agent_count: "number",
    broker: "string",
  },
  spawned: { type: "string", message: "string", child_name: "string", node: "string", timestamp: "number" },
  heartbeat: {
    actor_id: "string",
    name: "string",
    timestamp: "number",
    state: "string",
    node: "string",
    cpu: "number",
    memory_mb: "number",
    task: "string",
    protected: "boolean",
  },
  log: { type: "string", message: "string", agent: "string", timestamp: "number" },
  alert: { message: "string", severity: "string", agent: "string", timestamp: "number" },
  manifest: {
    name: "string",
    actor_id: "string",
    node: "string",
    description: "string",
    capabilities: "strings",
    input_schema: "object",
    output_schema: "object",
    publishes: "strings",
    timestamp: "number",
  },
  result: { agent: "string", node: "string", result: "object", timestamp: "number" },
  detection: { agent: "string", node: "string", detections: "list", timestamp: "number" },
  error: {
    phase: "string",
    severity: "string",
    error: "string",
    traceback: "string",
    agent: "string",
    timestamp: "number",
  },
  list: { node: "string", agents: "list", timestamp: "number" },
};

function assertShape(what: keyof typeof SHAPES, json: Record<string, unknown>): void {
  for (const [field, kind] of Object.entries(SHAPES[what] ?? {})) {
    const value = json[field];
    const isKind = kind === "strings"
      ? Array.isArray(value) && value.every((item) => typeof item === "string")
      : kind === "list"
      ? Array.isArray(value)
      : kind === "object"
      ? typeof value === "object" && value !== null && !Array.isArray(value)
      : kindOf(value) === kind;
    assert(isKind, `${what}: ${field} is no ${kind}: ${JSON.stringify(json)}`);
  }
  if (typeof json.timestamp === "number") assert(json.timestamp > 1e9 && json.timestamp < 1e10, "seconds");
}

function kindOf(value: unknown): string {
  return typeof value;
}

const SENSOR = {
  name: "sensor",
  type: "dynamic",
  description: "test sensor",
  capabilities: ["temperature"],
  input_schema: { q: "str" },
  output_schema: { value: "float" },
  poll_interval: 1,
  max_restarts: 5,
  restart_delay: 3.0,
  code: `async def setup(agent):
    await agent.log('sensor ready on ' + agent.node)
    agent.persist('boots', (agent.recall('boots') or 0) + 1)
    await agent.set_status('calibrating')
async def process(agent):
    await agent.publish('sensors/temperature', {'value': 21.5, 'unit': 'C', 'boots': agent.recall('boots')})
    await agent.alert('too warm', severity='info')
    await agent.publish_result({'mean': 21.5})
    await agent.publish_detection([{'label': 'cat', 'p': 0.9}])
async def handle_task(agent, payload):
    if payload.get('fail'):
        raise ValueError('asked to fail')
    return {'echo': payload, 'agents': [a['name'] for a in agent.agents()]}
`,
};

testOnStage("drop-in", {}, {
  "a new agent that is sent twice starts once, and is seen as the main machine knows it": async (stage) => {
    await installPython(stage);
    const { bus, node } = stage;
    const config = { ...SENSOR, node: node.name };
    const from = bus.mark();
    const agent = stage.agent("sensor");
    await bus.publish(`nodes/${node.name}/spawn`, config, { retain: true });
    await bus.publish(
      `nodes/${node.name}/desired_state`,
      { node: node.name, agents: [config], timestamp: Date.now() / 1000 },
      { retain: true },
    );
    assertEquals(
      (await bus.on("sensors/temperature", undefined, from)).text,
      '{"value": 21.5, "unit": "C", "boots": 1}',
    );
    const id = actorId("sensor");
    assertEquals(id, "17561c67-335f-5ec9-ae51-71d168d17181");
    const spawned = await stage.nodeLog((json) => json.type === "spawned" && json.child_name === "sensor");
    assertShape("spawned", spawned.json);
    assertEquals(spawned.json.message, `Remote agent 'sensor' started on ${node.name}`);
    assertShape("heartbeat", (await agent.on("heartbeat", (json) => json.task === "calibrating")).json);
    const { json: log } = await agent.on("logs", (json) => json.message.startsWith("sensor ready"));
    assertShape("log", log);
    assertEquals([log.type, log.message], ["log", `sensor ready on ${node.name}`]);
    assertShape("alert", (await agent.on("alert")).json);
    assertShape("result", (await agent.on("results")).json);
    assertShape("detection", (await agent.on("detections")).json);
    assertEquals((await bus.on(`${node.name}/sensor/detections`)).json, [{ label: "cat", p: 0.9 }]);
    const manifest = await agent.on("manifest", (json) => json.publishes.includes("sensors/temperature"));
    assertShape("manifest", manifest.json);
    assertEquals(manifest.json.capabilities, ["temperature"]);
    await bus.on(`nodes/${node.name}/heartbeat`, (message) => message.json?.agents?.includes("sensor"), from);
    const beat = await bus.on(
      `nodes/${node.name}/heartbeat`,
      (message) => message.json?.agent_count > 1,
      from,
    );
    assertShape("nodeHeartbeat", beat.json);
    await bus.publish(`nodes/${node.name}/list`, {});
    assertShape("list", (await bus.on(`nodes/${node.name}/agents`, undefined, from)).json);
    const starts = bus.all(`agents/${node.name}/logs`, from).filter(({ json }) =>
      json.type === "spawned" && json.child_name === "sensor"
    );
    assertEquals(starts.length, 1, "it was started once");
    assertEquals(await stage.retained(`nodes/${node.name}/spawn`), "", "the retained command is cleared");
  },

  "tasks are answered as the Python node answers them": async ({ bus }) => {
    const ask = (payload: Record<string, unknown>) => bus.ask("agents/by-name/sensor/task", payload);
    const { json } = await ask({ _remote_task: true, payload: { q: 1 }, text: "ignored" });
    assertEquals(json, { echo: { q: 1 }, agents: ["first-in-python", "sensor"] });
    const whole = await ask({ text: "hi" });
    assertEquals(whole.json.echo.text, "hi");
    const from = bus.mark();
    assertEquals((await ask({ payload: { fail: true } })).json, {
      error: "asked to fail",
      error_phase: "handle_task",
      agent: "sensor",
    });
    const error = await bus.on(`agents/${actorId("sensor")}/errors`, undefined, from);
    assertShape("error", error.json);
    assertEquals(
      error.json.traceback,
      `Traceback (most recent call last):\n  File "sensor.py", line 12, in handle_task\n` +
        `    raise ValueError('asked to fail')\nValueError: asked to fail\n`,
    );
  },

  "replace says stopped, then spawned, and the state is kept": async (stage) => {
    const { bus, node } = stage;
    const from = bus.mark();
    await bus.publish(`nodes/${node.name}/spawn`, { ...SENSOR, node: node.name, replace: true });
    await bus.on("sensors/temperature", ({ json }) => json?.boots === 2, from);
    const stopped = bus.messages.findIndex(({ json }, index) => index >= from && json?.state === "stopped");
    const spawned = bus.messages.findIndex(({ json }, index) => index >= from && json?.type === "spawned");
    assert(stopped >= 0 && stopped < spawned);
  },
});

Deno.test("a main machine that subscribes after it has asked hears every answer", async () => {
  await using broker = await startBroker();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port });
  await node.spawn(bus, {
    name: "quick",
    code: "function handle_task(agent, payload) { return { got: payload }; }",
  });
  // Each time a client of its own, as after a restart of that machine: the task goes out in front of the subscription.
  for (let n = 0; n < 100; n++) {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4 });
    const answered = new Promise<string>((resolve) =>
      client.on("message", (_topic, payload) => resolve(payload.toString()))
    );
    const task = { _remote_task: true, _reply_topic: `main/reply/x/${n}`, payload: n };
    const asked = client.publishAsync("agents/by-name/quick/task", JSON.stringify(task), { qos: 1 });
    await client.subscribeAsync("main/reply/#", { qos: 1 });
    await asked;
    // This one listens from the start, and so knows whether there was an answer at all.
    const { atMs } = await bus.on(`main/reply/x/${n}`);
    const late = setTimeout(() => client.end(true), 5000);
    const gone = new Promise<string>((resolve) => client.once("close", () => resolve("nothing")));
    const heard = await Promise.race([answered, gone]);
    clearTimeout(late);
    assertEquals(heard, JSON.stringify({ got: n }), `answer ${n}, at ${atMs}`);
    await client.endAsync();
  }
});

Deno.test("the answer to a main machine comes when it has had time to subscribe", async () => {
  await using broker = await startBroker();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port });
  await node.spawn(bus, {
    name: "quick",
    code: "function handle_task(agent, payload) { return { got: payload }; }",
  });
  // This one listens from the start, and so sees when the answer comes: a machine under load only makes it later.
  const ask = async (replyTopic: string) => {
    const startMs = performance.now();
    await bus.publish("agents/by-name/quick/task", {
      _remote_task: true,
      _reply_topic: replyTopic,
      payload: replyTopic,
    });
    const reply = await bus.on(replyTopic);
    assertEquals(reply.json, { got: replyTopic });
    return reply.atMs - startMs;
  };
  for (let n = 0; n < 3; n++) {
    const tookMs = await ask(`main/reply/y/${n}`);
    assert(tookMs >= HASTY_REPLY_MS - 1, `it came after ${tookMs} ms`);
  }
});

Deno.test("the names that a main machine writes into the environment are read", async () => {
  await using stage = await Stage.set();
  const env = { WACTORZ_BROKER: "127.0.0.1", WACTORZ_NODE: "old-name" };
  const main = new URL("../../runner/main.ts", import.meta.url).pathname;
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      main,
      "--port",
      String(stage.broker.port),
      "--state-dir",
      folder,
      "--work-dir",
      folder,
    ],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    assertEquals((await stage.bus.on("nodes/old-name/heartbeat")).json.node, "old-name");
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});
