/** Everything a stranger can send that makes no sense: the node says what is wrong, and loses nothing. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startEmbedded, testBrokers } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const BYSTANDER = `
async function setup(agent) { await agent.subscribe("ask/bystander", () => {}); }
function handle_task(agent, payload) { return { echo: payload }; }`;

interface Scene extends AsyncDisposable {
  readonly bus: Bus;
  readonly node: NodeProcess;
}

/** A node with an agent that must not be harmed. */
async function scene(
  start: () => Promise<AsyncDisposable & { readonly port: number }> = startEmbedded,
): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await start());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  await node.spawn(bus, { name: "bystander", code: BYSTANDER });
  return { bus, node, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The bystander answers, has not been restarted, and nobody else runs. */
async function assertUnharmed({ bus, node }: Scene, others: readonly string[] = []): Promise<void> {
  const reply = await bus.ask("agents/by-name/bystander/task", { payload: { n: 1 } });
  assertEquals(reply.json, { echo: { n: 1 } });
  const list = await bus.ask(`nodes/${node.name}/list`, {});
  const agents: { name: string; restart_count: number }[] = list.json.agents;
  assertEquals(agents.map(({ name }) => name).sort(), ["bystander", ...others].sort());
  assertEquals(agents.find(({ name }) => name === "bystander")?.restart_count, 0);
  // `{}.polluted` is what a prototype that was polluted would show.
  assertEquals(list.json.polluted, undefined);
}

/** The node's error after `from`. */
function nodeError(bus: Bus, node: NodeProcess, from: number): Promise<Message> {
  return bus.on(`agents/${node.name}/logs`, (message) => message.json?.type === "error", from);
}

const CODE = "function process() {}";
/** What is sent to `nodes/{name}/spawn`, and what the error must say. */
const BAD_SPAWNS: readonly (readonly [title: string, payload: unknown, says: RegExp])[] = [
  ["text that is not JSON", "}{", /must be a JSON object/],
  ["an array", [], /must be a JSON object/],
  ["a number", 7, /must be a JSON object/],
  ["null", "null", /must be a JSON object/],
  ["an empty object", {}, /name is missing/],
  ["no code", { name: "bad" }, /'bad'.*code is missing/],
  ["code that is a number", { name: "bad", code: 5 }, /code must be a string/],
  ["code that is an object", { name: "bad", code: {} }, /code must be a string/],
  ["empty code", { name: "bad", code: " \n" }, /code must not be empty/],
  ["2 MiB of code", { name: "bad", code: "//".repeat(1024 * 1024) }, /code must not exceed 1048576 bytes/],
  ["1 MiB of letters of two bytes", { name: "bad", code: "ä".repeat(1024 * 1024) }, /code must not exceed/],
  ["a name that is no string", { name: 5, code: CODE }, /name must be a string/],
  ["a poll_interval of 0", { name: "bad", code: CODE, poll_interval: 0 }, /poll_interval must be above 0/],
  ["a negative poll_interval", { name: "bad", code: CODE, poll_interval: -1 }, /current value is -1/],
  ["an endless poll_interval", `{"name":"bad","code":"1","poll_interval":1e999}`, /poll_interval must be/],
  ["an absurd poll_interval", { name: "bad", code: CODE, poll_interval: 1e300 }, /must not exceed/],
  [
    "a poll_interval in words",
    { name: "bad", code: CODE, poll_interval: "5" },
    /poll_interval must be a number/,
  ],
  ["negative max_restarts", { name: "bad", code: CODE, max_restarts: -1 }, /max_restarts must be 0 or more/],
  [
    "max_restarts of 1.5",
    { name: "bad", code: CODE, max_restarts: 1.5 },
    /max_restarts must be a whole number/,
  ],
  ["absurd max_restarts", { name: "bad", code: CODE, max_restarts: 1e18 }, /max_restarts must not exceed/],
  [
    "a negative restart_delay",
    { name: "bad", code: CODE, restart_delay: -0.1 },
    /restart_delay must be 0 or more/,
  ],
  ["another node's name", { name: "bad", code: CODE, node: "elsewhere" }, /meant for node "elsewhere"/],
  ["a node that is no name", { name: "bad", code: CODE, node: 5 }, /node must be a string/],
  ["an unknown type", { name: "bad", code: CODE, type: "llm" }, /type must be "dynamic"/],
  ["a replace in words", { name: "bad", code: CODE, replace: "yes" }, /replace must be true or false/],
  ["capabilities that are no strings", { name: "bad", code: CODE, capabilities: [1] }, /capabilities/],
  [
    "a schema that is an array",
    { name: "bad", code: CODE, input_schema: [] },
    /input_schema must be an object/,
  ],
  ["an install that is an object", { name: "bad", code: CODE, install: {} }, /install must be a list/],
  [
    "an install of 1000 entries",
    { name: "bad", code: CODE, install: Array(1000).fill("a") },
    /more than 256/,
  ],
  [
    "JSON of 100,000 levels",
    `{"name":"bad","code":"1","x":${"[".repeat(1e5)}${"]".repeat(1e5)}}`,
    /levels deep/,
  ],
  [
    "objects of 100,000 levels",
    `{"name":"bad","code":"1","x":${`{"0":`.repeat(1e5)}1${"}".repeat(1e5)}}`,
    /levels deep/,
  ],
];

for (const { kind, start } of testBrokers()) {
  Deno.test(`a spawn that cannot be used gets a clear error (${kind})`, async () => {
    await using here = await scene(start);
    const { bus, node } = here;
    for (const [title, payload, says] of BAD_SPAWNS) {
      const from = bus.mark();
      await bus.publish(`nodes/${node.name}/spawn`, payload);
      const { json } = await nodeError(bus, node, from);
      assertMatch(json.message, says, title);
      assert(json.message.length < 1000, title);
      assertEquals([json.node, typeof json.timestamp], [node.name, "number"]);
    }
    await assertUnharmed(here);
  });
}

Deno.test("a bad spawn's error goes to its reply topic too", async () => {
  await using here = await scene();
  const reply = await here.bus.ask(`nodes/${here.node.name}/spawn`, { name: "bad", code: 5 });
  assertEquals([reply.json.ok, /code must be a string/.test(reply.json.error)], [false, true]);
  await assertUnharmed(here);
});

Deno.test("a payload that cannot be read gets a clear error on every command topic, retained or not", async () => {
  for (const { start } of testBrokers()) {
    await using here = await scene(start);
    const { bus, node } = here;
    const id = (await bus.ask(`nodes/${node.name}/list`, {})).json.agents[0].actor_id;
    const commands = ["spawn", "desired_state", "stop", "migrate", "reply/x", "list"].map((c) =>
      `nodes/${node.name}/${c}`
    );
    for (const topic of [...commands, `agents/${id}/commands`, "agents/by-name/bystander/task"]) {
      for (const retain of [false, true]) {
        const from = bus.mark();
        await bus.publish(topic, new Uint8Array([0xc3, 0x28, 0xff, 0xfe, 0x00]), { retain });
        const { json } = await nodeError(bus, node, from);
        assertStringIncludes(json.message, "not UTF-8");
        assertStringIncludes(json.message, topic);
        // An empty stop_all is one, too.
        if (retain && !topic.endsWith("/stop_all")) await bus.publish(topic, "", { retain });
      }
    }
    await assertUnharmed(here);
  }
});

Deno.test("a command of the wrong shape gets a clear error", async () => {
  await using here = await scene();
  const { bus, node } = here;
  const id = (await bus.ask(`nodes/${node.name}/list`, {})).json.agents[0].actor_id;
  const deep = `{"payload":${`{"0":`.repeat(1e5)}1${"}".repeat(1e5)}}`;
  const cases: [string, unknown, RegExp][] = [
    ["agents/by-name/bystander/task", "text", /must be a JSON object/],
    ["agents/by-name/bystander/task", [1], /must be a JSON object/],
    ["agents/by-name/bystander/task", "5", /must be a JSON object/],
    ["agents/by-name/bystander/task", "null", /must be a JSON object/],
    ["agents/by-name/bystander/task", deep, /levels deep/],
    [`agents/${id}/commands`, "stop", /must be a JSON object/],
    [`agents/${id}/commands`, { command: "explode" }, /must be one of pause, resume, stop, delete/],
    [`agents/${id}/commands`, { command: "__proto__" }, /must be one of/],
    [`agents/${id}/commands`, {}, /must be one of/],
    [`nodes/${node.name}/stop`, { name: "nobody" }, /'nobody'.*not running/],
    [`nodes/${node.name}/stop`, "nobody", /'nobody'.*not running/],
    [`nodes/${node.name}/stop`, { name: 5 }, /Cannot stop/],
    [`nodes/${node.name}/stop`, "[]", /Cannot stop/],
    [`nodes/${node.name}/stop`, { name: "__proto__" }, /Cannot stop/],
    [`nodes/${node.name}/migrate`, { name: "nobody", target_node: "x" }, /'nobody' not found/],
    [`nodes/${node.name}/migrate`, { name: "bystander" }, /target_node must be/],
    [`nodes/${node.name}/migrate`, { name: "bystander", target_node: "a/b" }, /target_node must be/],
    [`nodes/${node.name}/migrate`, { name: "bystander", target_node: node.name }, /already runs/],
    [`nodes/${node.name}/migrate`, "text", /must be a JSON object/],
    [`nodes/${node.name}/desired_state`, "[]", /must be a JSON object/],
    [`nodes/${node.name}/desired_state`, {}, /agents must be a list/],
    [`nodes/${node.name}/desired_state`, { agents: [null, { name: "a/b" }] }, /JSON object/],
    [`nodes/${node.name}/desired_state`, { node: "other", agents: [] }, /meant for node "other"/],
    [`nodes/${node.name}/reply/x`, "not JSON", /must be JSON/],
    [`nodes/${node.name}/reply/x`, deep, /levels deep/],
  ];
  for (const [topic, payload, says] of cases) {
    const from = bus.mark();
    await bus.publish(topic, payload);
    assertMatch(
      (await nodeError(bus, node, from)).json.message,
      says,
      `${topic} ${String(payload).slice(0, 50)}`,
    );
  }
  await assertUnharmed(here);
});

Deno.test("a command for an agent of another node is left to that node", async () => {
  await using here = await scene();
  const { bus, node } = here;
  // Its subscription brings the node what is meant for others.
  await node.spawn(bus, {
    name: "listener",
    code:
      `async function setup(agent) { await agent.subscribe("#", () => {}); await agent.publish("listening", 1); }`,
  });
  await bus.on("listening");
  const from = bus.mark();
  await bus.publish("agents/00000000-0000-5000-8000-000000000000/commands", {
    command: "stop",
    _reply_topic: "tests/wrong",
  });
  await bus.publish("agents/by-name/elsewhere/task", { payload: 1, _reply_topic: "tests/wrong" });
  await bus.publish("agents/by-name/elsewhere/task", new Uint8Array([0xff]));
  await bus.publish("nodes/other-node/stop_all", {});
  await assertUnharmed(here, ["listener"]);
  assertEquals(bus.all("tests/wrong", from), []);
  assertEquals(bus.all(`agents/${node.name}/logs`, from).filter((m) => m.json?.type === "error"), []);
});
