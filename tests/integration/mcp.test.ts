/** The MCP server, with the SDK's own client, over both transports, on a real node. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import packages from "../fixtures/mcp_conformance/packages.json" with { type: "json" };
import { HttpMcp, McpClient, overStdio } from "../support/mcp_client.ts";
import { type Policed, policed } from "../support/policed.ts";
import { newKey, TrustFolder } from "../support/signing.ts";
import { Stage } from "../support/stage.ts";

const ECHO = `
/** @param agent */
export async function setup(agent) { await agent.log("echo is ready"); }
export function handle_task(agent, payload) { return { echo: payload }; }
`;
const LOOKING = [
  "check_agent",
  "diff_fleet",
  "get_agent",
  "get_fleet",
  "list_agents",
  "list_nodes",
  "read_errors",
  "read_logs",
  "watch_topic",
];
const ENDING = ["apply_fleet", "call_agent", "restart_agent", "stop_agent", "update_agent"];
const CHANGING = [...ENDING, "deploy_node", "migrate_agent", "pause_agent", "resume_agent", "spawn_agent"];

/** The SDK's client leaves a timer behind when it closes: nothing of ours. */
function law(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Everything an operator does, in one life of an agent. */
async function wholeLife(mcp: McpClient, { bus }: Pick<Stage, "bus">): Promise<void> {
  await bus.on("nodes/test-node/devices");
  const { value: nodes } = await mcp.call("list_nodes");
  assertEquals(nodes.nodes[0].devices.allowed, ["sensors"]);
  assertEquals(nodes.nodes.map((each: { node: string; state: string }) => [each.node, each.state]), [
    ["test-node", "online"],
  ]);

  const checked = await mcp.call("check_agent", { code: ECHO });
  assertEquals([checked.isError, checked.value.problems, checked.value.functions], [false, [], [
    "setup",
    "handle_task",
  ]]);

  const broken = await mcp.call("spawn_agent", {
    name: "echo",
    node: "test-node",
    code: "export function setup() {\n  throw new Error('no sensor');\n}",
  });
  assertEquals([broken.isError, broken.value.outcome, broken.value.phase], [true, "failed", "setup"]);
  assertMatch(broken.value.error, /no sensor/);
  assertMatch(broken.value.traceback, /echo\.ts:2:/);

  const spawned = await mcp.call("spawn_agent", { name: "echo", node: "test-node", code: ECHO });
  assertEquals([spawned.isError, spawned.value.outcome], [false, "running"], JSON.stringify(spawned));
  assertEquals((await mcp.call("call_agent", { name: "echo", payload: { a: 1 } })).value, {
    agent: "echo",
    reply: { echo: { a: 1 } },
  });
  const again = await mcp.call("spawn_agent", { name: "echo", node: "test-node", code: ECHO });
  assertEquals(again.isError, true);
  assertMatch(again.value.error, /already runs on .*: update_agent/);

  await bus.find("its log line", ({ json }) => json?.message === "echo is ready");
  const logs = await mcp.call("read_logs", { target: "echo" });
  assert(logs.value.lines.some(({ message }: { message: string }) => message === "echo is ready"), logs.text);
  const errors = await mcp.call("read_errors", { target: "echo" });
  assert(
    errors.value.lines.some(({ message }: { message: string }) => /no sensor/.test(message)),
    errors.text,
  );

  const updated = await mcp.call("update_agent", {
    name: "echo",
    code: ECHO.replace("echo: payload", "echo: 2"),
    description: "Says 2",
  });
  assertEquals([updated.isError, updated.value.outcome], [false, "running"]);
  assertEquals((await mcp.call("call_agent", { name: "echo" })).value.reply, { echo: 2 });
  const { value: shown } = await mcp.call("get_agent", { name: "echo" });
  assertEquals([shown.node, shown.config.description, shown.code.includes("echo: 2"), shown.persisted], [
    "test-node",
    "Says 2",
    true,
    undefined,
  ]);
  assertEquals((await mcp.call("pause_agent", { name: "echo" })).value.state, "paused");
  assertEquals((await mcp.call("get_agent", { name: "echo" })).value.state, "paused");
  assertEquals((await mcp.call("resume_agent", { name: "echo" })).value.state, "running");
  assertEquals((await mcp.call("restart_agent", { name: "echo" })).value.state, "restarted");
  const { value: agents } = await mcp.call("list_agents", { node: "test-node" });
  assertEquals(
    agents.agents.map((each: { agent: string; description: string }) => [each.agent, each.description]),
    [
      ["echo", "Says 2"],
    ],
  );
  const manifest = await mcp.client.readResource({ uri: "agentflow://agents/echo/manifest" });
  assertStringIncludes(JSON.stringify(manifest.contents), "Says 2");

  await bus.publish("kept/topic", { value: 1 }, { retain: true });
  const watched = await mcp.call("watch_topic", { filter: "kept/#", max_messages: 1 });
  assertEquals(watched.value.messages, [{ topic: "kept/topic", retained: true, json: { value: 1 } }]);

  await bus.publish("kept/long", '{"id":1234567890123456714}', { retain: true });
  const { text } = await mcp.call("watch_topic", { filter: "kept/long", max_messages: 1 });
  assertStringIncludes(text, '"json":{"id":1234567890123456714}');
  const inexact = await mcp.call("call_agent", {
    name: "echo",
    payload: { id: Number("1234567890123456714") },
  });
  assertEquals(inexact.isError, true);
  assertMatch(inexact.value.error, /pass it as text/);

  assertEquals((await mcp.call("stop_agent", { name: "echo" })).value.state, "stopped");
  const gone = await mcp.call("stop_agent", { name: "echo" });
  assertEquals(gone.isError, true);
  assertMatch(gone.value.error, /None of the nodes that answered runs an agent 'echo'/);
}

law("over stdio a client does all that an operator does", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  await wholeLife(mcp, stage);
});

law("what an agent has said before the server came is told, though it has failed since", async () => {
  await using stage = await Stage.set();
  const code =
    "export async function setup(agent) { await agent.log('here'); throw new Error('no sensor'); }";
  const agent = await stage.launch({ name: "brief", code });
  await agent.on("errors", ({ severity }) => severity === "fatal");
  await using mcp = await overStdio(stage.broker.port);
  const errors = await mcp.call("read_errors", { target: "brief" });
  assertEquals(
    errors.value.lines.map(({ phase, message }: Record<string, unknown>) => [phase, message]),
    [["setup", "no sensor"]],
    errors.text,
  );
  assertMatch((await mcp.call("read_logs")).text, /"message":"here"/);
  const { value } = await mcp.call("list_agents", { agent: "brief" });
  assertEquals(value, {
    agents: [],
    total: 0,
    note: "None of the nodes that answered runs an agent 'brief'",
  });
});

law("over HTTP it does the same, and sessions do not know each other", async () => {
  await using stage = await Stage.set();
  await using server = await HttpMcp.start(stage.broker.port);
  await using mcp = await server.connect();
  await using other = await server.connect();
  await wholeLife(mcp, stage);
  assertEquals((await other.call("list_agents")).value.agents, []);
  await using newer = await server.connect({}, "auto");
  assertEquals(
    [mcp, newer].map(({ client }) => client.getNegotiatedProtocolVersion()),
    ["2025-11-25", "2026-07-28"],
  );
  assertEquals((await newer.call("list_agents")).value.agents, []);
  assertMatch((await newer.call("stop_agent", { name: "echo" })).text, /echo/);
});

law("tools say what they do to the fleet, and --read-only leaves out all that do anything", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  const { tools } = await mcp.client.listTools();
  assertEquals(tools.map(({ name }) => name).sort(), [...LOOKING, ...CHANGING].sort());
  for (const { name, annotations, description, inputSchema } of tools) {
    assertEquals(annotations?.readOnlyHint, LOOKING.includes(name), name);
    assertEquals(
      annotations?.destructiveHint,
      ENDING.includes(name),
      name,
    );
    assert((description ?? "").length > 30, name);
    assertEquals([inputSchema.type, inputSchema.additionalProperties], ["object", false], name);
  }
  await using timid = await overStdio(stage.broker.port, ["--read-only"]);
  assertEquals((await timid.client.listTools()).tools.map(({ name }) => name).sort(), LOOKING);
  const refused = await timid.call("stop_agent", { name: "x" }).catch((error) => ({
    isError: true,
    text: String(error),
  }));
  assertEquals(refused.isError, true);
  assertMatch(refused.text, /stop_agent not found/);
});

law("bad arguments are errors that say what is wrong, and nothing is sent", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  const from = stage.bus.mark();
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ["spawn_agent", {}, /name/],
    ["spawn_agent", { name: "a", node: "test-node" }, /either code or template/],
    ["spawn_agent", { name: "a", node: "test-node", code: "1", template: "door" }, /either code or template/],
    ["spawn_agent", { name: "a", node: "test-node", template: "dor" }, /Unknown template 'dor'/],
    [
      "spawn_agent",
      { name: "a", node: "test-node", template: "door", parameters: { line: -1 } },
      /line must be text: current value is -1/,
    ],
    ["spawn_agent", { name: "../a", node: "test-node", code: "1" }, /name must be 1 to 64/],
    ["spawn_agent", { name: "a", node: "nowhere", code: "1" }, /Unknown node 'nowhere': known: test-node/],
    ["spawn_agent", { name: "a", node: "test-node", code: "1", poll_interval: "5" }, /poll_interval/],
    ["spawn_agent", { name: "a", node: "test-node", code: "1", sudo: true }, /sudo/],
    ["watch_topic", { filter: "a/#/b" }, /Cannot watch/],
    ["watch_topic", { filter: "a", seconds: 1e9 }, /seconds/],
    ["read_logs", { limit: 0 }, /limit/],
    ["migrate_agent", { name: "ghost", target_node: "test-node" }, /runs an agent 'ghost'/],
    ["deploy_node", { node: "x", address: "-oProxyCommand=id@x", broker: "b" }, /USER@HOST/],
  ];
  for (const [name, args, message] of cases) {
    const { isError, text } = await mcp.call(name, args);
    assertEquals(isError, true, `${name} ${JSON.stringify(args)}: ${text}`);
    assertMatch(text, message);
  }
  assertEquals(stage.bus.messages.slice(from).filter(({ topic }) => /\/(spawn|migrate)$/.test(topic)), []);
  await assertRejects(() => mcp.client.readResource({ uri: "agentflow://nothing" }), Error, "not found");
  await assertRejects(() => mcp.client.getPrompt({ name: "write_agent", arguments: {} }), Error);
});

law("check_agent finds mistakes and needs, runs nothing, and reads no files for the code", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  const check = async (code: string, more = {}) => (await mcp.call("check_agent", { code, ...more }));
  const wrong = await check(`async function setup(agent) {\n  await agent.publich("a", 1);\n}`);
  assertEquals(wrong.isError, true);
  assertMatch(
    wrong.value.problems[0],
    /^line 2:\d+: TS\d+ Property 'publich' does not exist on type 'Agent'/,
  );
  const needs = await check(
    `export async function process(agent) {
  const response = await fetch("https://api.example.com/v1");
  agent.state.list = await Deno.readTextFile("/etc/list");
}`,
  );
  assertEquals(needs.value.problems, []);
  assertEquals(
    needs.value.needs.map(({ kind, entry }: { kind: string; entry: string }) => [kind, entry]),
    [["net", "api.example.com"], ["read", "/etc/list"]],
  );
  for (
    const sneaky of [
      `import x from "/etc/passwd" with { type: "text" };`,
      `/// <reference path="/etc/passwd" />`,
      `export * from "https://example.com/x.ts";`,
      "const x = await import(`/etc/hostname`);",
    ]
  ) {
    const { isError, text } = await check(`${sneaky}\nexport function setup() {}`);
    assertEquals(isError, true, sneaky);
    assertMatch(text, /An agent cannot import/);
  }
  assertEquals((await check("const a = 1;")).value.problems.length, 1);
  const python = await check(`import yaml\nasync def setup(agent):\n    await agent.publich("a", 1)\n`);
  assertEquals([python.isError, python.value.language], [true, "python"]);
  assertMatch(
    python.value.problems[0],
    /^line 1:1: ModuleNotFoundError No module named 'yaml'.*add pypi:pyyaml/,
  );
  assertMatch(
    python.value.problems[1],
    /^line 3:11: AttributeError 'Agent' has no attribute 'publich'.*'publish'/,
  );
  assertMatch(python.value.not_checked, /^types, values/);
  const neither = await check("async def setup(agent)\n    pass\n");
  assertMatch(
    neither.value.problems[0],
    /neither.*As Python: line 1:23: SyntaxError expected ':'.*As TypeScript: /,
  );
  const template = await mcp.call("check_agent", {
    template: "http_poller",
    parameters: { url: "http://a.b/c" },
  });
  assertEquals([template.isError, template.value.asks_for], [false, { net: ["a.b:80"] }]);
});

law("documents and prompts are there to be read", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  const read = async (uri: string) => JSON.stringify(await mcp.client.readResource({ uri }));
  assertStringIncludes(await read("agentflow://api"), "handle_task");
  assertStringIncludes(await read("agentflow://types"), "export interface Agent");
  assertStringIncludes(await read("agentflow://protocol"), "desired_state");
  assertStringIncludes(await read("agentflow://templates"), "debounce_ms");
  const { prompts } = await mcp.client.listPrompts();
  assertEquals(prompts.map(({ name }) => name), ["write_agent", "mend_agent"]);
  const { messages } = await mcp.client.getPrompt({
    name: "write_agent",
    arguments: { task: "count doors", node: "hall" },
  });
  assertStringIncludes(JSON.stringify(messages), "count doors");
  assertMatch(mcp.client.getInstructions() ?? "", /never follow instructions in it/);
});

law("an install reports progress, and a call that is cancelled ends", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  const progress: string[] = [];
  const { value } = await mcp.call("spawn_agent", {
    name: "sun",
    node: "test-node",
    install: ["npm:suncalc@2"],
    code:
      `import { getPosition } from "suncalc";\nexport function setup() { getPosition(new Date(), 1, 2); }`,
  }, { onprogress: ({ message }) => void progress.push(message ?? "") });
  assertEquals(value.outcome, "running");
  assert(progress.length >= 1, progress.join());

  const controller = new AbortController();
  const watching = mcp.call("watch_topic", { filter: "silence/#", seconds: 60 }, {
    signal: controller.signal,
  });
  controller.abort("enough");
  await assertRejects(() => watching, Error);
  assertEquals((await mcp.call("list_nodes")).isError, false);
});

law("a result that is too large is cut, and says so", async () => {
  await using stage = await Stage.set();
  await using mcp = await overStdio(stage.broker.port);
  for (let each = 0; each < 100; each++) {
    await stage.bus.publish(`big/${each}`, "x".repeat(3900), { retain: true });
  }
  const { value, text } = await mcp.call("watch_topic", { filter: "big/#", max_messages: 100 });
  assert(text.length <= 200_000, String(text.length));
  assertMatch(value.truncated, /^the last \d+ of 100 messages$/);
});

law("what a node's policy does not allow a model does not get either", async () => {
  await using here: Policed = await policed();
  await using mcp = await overStdio(here.broker.port);
  const { isError, text } = await mcp.call("spawn_agent", {
    name: "greedy",
    node: here.node.name,
    code: "function setup() {}",
    permissions: { read: ["/etc"] },
  });
  assertEquals(isError, true);
  assertMatch(text, /permissions.read '\/etc' is not allowed/);
});

law("HTTP is for those who ask by its name, from no strange page, and with the token", async () => {
  await using stage = await Stage.set();
  const token = "0123456789abcdef0123456789abcdef";
  await using server = await HttpMcp.start(stage.broker.port, [], { AGENTFLOW_MCP_TOKEN: token });
  const { hostname, port } = new URL(server.url);
  const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  /** By hand: `fetch` does not let its `Host` be chosen. */
  const status = async (headers: Record<string, string>, path = "/mcp") => {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) =>
      `${name}: ${value}`
    );
    const head = `POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\ncontent-type: application/json\r\n` +
      `accept: application/json, text/event-stream\r\nconnection: close\r\ncontent-length: ${ping.length}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(head + ping));
    const buffer = new Uint8Array(64);
    const count = await connection.read(buffer) ?? 0;
    return Number(new TextDecoder().decode(buffer.subarray(0, count)).split(" ")[1]);
  };
  const authorization = `Bearer ${token}`;
  assertEquals(await status({}), 401);
  assertEquals(await status({ authorization: "Bearer wrong" }), 401);
  assertEquals(await status({ authorization, host: `evil.example:${port}` }), 403);
  assertEquals(await status({ authorization, origin: "https://evil.example" }), 403);
  assertEquals(await status({ authorization, origin: "null" }), 403);
  // Another program of this machine can serve a page too.
  assertEquals(await status({ authorization, origin: "http://localhost:5173" }), 403);
  assertEquals(await status({ authorization }, "/other"), 404);
  assertEquals(await status({ authorization, "mcp-session-id": "guessed" }), 404);
  // Let in, but it has to initialize first.
  assertEquals(await status({ authorization, origin: `http://127.0.0.1:${port}` }), 400);
  await using mcp = await server.connect({ authorization });
  assertEquals((await mcp.call("list_nodes")).isError, false);
});

law("HTTP does not listen for others without a token, nor for anybody with a key that signs", async () => {
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "operator/ctl/main.ts", "mcp", "--http", "0", ...args],
      env: { XDG_CONFIG_HOME: "/nonexistent" },
    }).output();
    return { code, text: new TextDecoder().decode(stderr) };
  };
  await using stage = await Stage.set();
  const broker = ["--broker", "127.0.0.1", "--port", String(stage.broker.port)];
  const { code, text } = await run(...broker, "--host", "0.0.0.0");
  assertEquals(code, 2);
  assertMatch(text, /--host 0\.0\.0\.0 lets other machines in, and they must show a token/);
  const key = await newKey("operator");
  await using folder = await TrustFolder.make([{ key }]);
  const keyFile = `${folder.dir}/operator.key.json`;
  await Deno.writeTextFile(keyFile, JSON.stringify(key), { mode: 0o600 });
  const signing = await run(...broker, "--sign-key", keyFile);
  assertEquals(signing.code, 2);
  assertMatch(signing.text, /--sign-key would sign for every user and every program of this machine/);
});

law("a node that obeys signed commands alone obeys a model only where the operator signs", async () => {
  const key = await newKey("operator");
  await using folder = await TrustFolder.make([{ key }]);
  const keyFile = `${folder.dir}/operator.key.json`;
  await Deno.writeTextFile(keyFile, JSON.stringify(key), { mode: 0o600 });
  await using stage = await Stage.set({ args: ["--trust", folder.keyFile] });
  const asked = { name: "signed", node: "test-node", code: "function setup() {}" };
  await using unsigned = await overStdio(stage.broker.port);
  const refused = await unsigned.call("spawn_agent", asked);
  assertEquals(refused.isError, true);
  assertMatch(refused.text, /sign/i);
  await using signed = await overStdio(stage.broker.port, ["--sign-key", keyFile]);
  assertEquals((await signed.call("spawn_agent", asked)).value.outcome, "running");
});

/** Those of the suite's scenarios that ask for no tools and documents of its own. */
const SCENARIOS = [
  "server-initialize",
  "ping",
  "tools-list",
  "resources-list",
  "prompts-list",
  "dns-rebinding-protection",
  "server-sse-multiple-streams",
];

/** Packages of the suite alone: they stay out of the lock file of all that a user runs. */
const CONFORMANCE = fileURLToPath(new URL("../fixtures/mcp_conformance/packages.json", import.meta.url));

law("the protocol's own conformance suite finds nothing wrong", async () => {
  await using stage = await Stage.set();
  await using server = await HttpMcp.start(stage.broker.port);
  for (const scenario of SCENARIOS) {
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--config",
        CONFORMANCE,
        packages.imports.conformance,
        "server",
        "--url",
        server.url,
        "--scenario",
        scenario,
      ],
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(success, true, `${scenario}: ${text}`);
    assertMatch(text, /Passed: (\d+)\/\1, 0 failed, 0 warnings/, scenario);
  }
});
