/** The brokers that docs/security.md sets up, and what may be seen of the access to them. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import {
  CERTIFICATE_TITLE,
  DOCUMENTED_BROKER,
  DocumentedBroker,
  PASSWORD_TITLE,
  PASSWORDS,
  setPasswords,
} from "../support/documented.ts";
import { needing } from "../support/programs.ts";

const HEARTBEAT = "nodes/edge-1/heartbeat";

/** Publishes what it has been told about the broker, and what it hears on `sensors/in`. */
const CURIOUS = `
async function setup(agent) {
  await agent.subscribe("sensors/in", (payload) => agent.publish("sensors/out", payload));
  const env = Deno.env.toObject();
  await agent.publish("sensors/seen", { broker: agent.broker, env, args: Deno.args });
}`;

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "with the documented rules a node, its agents and an operator work over TLS, and nothing secret is seen",
  ),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using operator = await broker.connect("operator");
    await using program = await broker.connect("agents");
    await using node = await broker.startNode(["--username", "edge-1", "--loglevel", "DEBUG"], {
      AGENTFLOW_PASSWORD: PASSWORDS["edge-1"],
      DEBUG: "*",
    });
    assertEquals((await operator.on(HEARTBEAT)).json.broker, "localhost");
    await node.spawn(operator, { name: "curious", code: CURIOUS });
    const { json: seen } = await operator.on("sensors/seen");
    assertEquals(seen.broker, { host: "localhost", port: broker.port, url: broker.url });
    assertEquals(seen.env, {});
    // Through the link that agents' subscriptions have.
    await program.publish("sensors/in", "heard");
    assertEquals((await operator.on("sensors/out")).text, "heard");
    await operator.publish("nodes/edge-1/list", { _reply_topic: "main/reply/1" });
    assertEquals((await operator.on("main/reply/1")).json.ok, true);
    const { json: agents } = await operator.on("nodes/edge-1/agents");
    const pid = agents.agents[0].pid;

    const places: [what: string, text: string][] = [
      ["the agent's environment", await Deno.readTextFile(`/proc/${pid}/environ`)],
      ["the agent's command line", await Deno.readTextFile(`/proc/${pid}/cmdline`)],
      ["the node's command line", await Deno.readTextFile(`/proc/${node.pid}/cmdline`)],
    ];
    await node.end();
    // Nothing is being written any more.
    places.push(...await filesOf(node.stateDir), ["the log", node.stderr.join("\n")]);
    places.push(...operator.messages.map((message): [string, string] => [message.topic, message.text]));
    for (const [what, text] of places) {
      assert(!text.includes(PASSWORDS["edge-1"]), `the password is in ${what}`);
    }
    assert(!places[0]?.[1].includes("AGENTFLOW"), places[0]?.[1] ?? "");
    assertStringIncludes(node.stderr.join("\n"), "DEBUG");
  },
});

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "with the documented rules a program of the agents' user cannot command a node, nor can a stranger",
  ),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using operator = await broker.connect("operator");
    await using agents = await broker.connect("agents");
    await using node = await broker.startNode(await broker.passwordArgs());
    await operator.on(HEARTBEAT);
    await assertRejects(() => broker.connect(undefined), Error, "Not authorized");
    const spawn = { name: "intruder", node: "edge-1", code: "function setup() {}" };
    await agents.publish("nodes/edge-1/spawn", spawn, { retain: true });
    await agents.publish("nodes/edge-1/stop_all", {});
    await agents.publish("sensors/temperature", { value: 21 });
    // What comes from the operator is delivered after what has been acknowledged before.
    await operator.on("sensors/temperature");
    await operator.publish("nodes/edge-1/list", {});
    const { json: list } = await operator.on("nodes/edge-1/agents");
    assertEquals(list.agents, []);
    assertEquals(agents.messages.filter((message) => !message.topic.startsWith("sensors/")), []);
    await node.spawn(operator, { name: "invited", code: "function setup() {}" });
  },
});

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "a password that is put right at the broker lets the node in without a restart",
  ),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using node = await broker.startNode(await broker.passwordArgs("new-hush"));
    const line = await node.logged(/No connection to the broker/);
    assertStringIncludes(
      line,
      `No connection to the broker at ${broker.url}: the broker refuses the user name or password ` +
        "(or this user may not connect): check --username and --password-file. Retrying until it is there.",
    );
    await setPasswords(broker.folder, { ...PASSWORDS, "edge-1": "new-hush" });
    broker.broker.reload();
    await node.logged(/Connected to mqtts:/);
    await node.end();
    assert(!node.stderr.join("\n").includes("new-hush"));
  },
});

Deno.test({
  ...needing(DOCUMENTED_BROKER, "the same broker is reached over WebSocket with TLS"),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using operator = await broker.connect("operator");
    await using program = await broker.connect("agents");
    const url = `wss://localhost:${broker.webSocketPort}`;
    await using node = await broker.startNode(await broker.passwordArgs(), {}, url);
    await operator.on(HEARTBEAT);
    await node.spawn(operator, { name: "curious", code: CURIOUS });
    assertEquals((await operator.on("sensors/seen")).json.broker.url, url);
    await program.publish("sensors/in", "heard");
    assertEquals((await operator.on("sensors/out")).text, "heard");
  },
});

Deno.test({
  ...needing(DOCUMENTED_BROKER, "with a documented client certificate a node is known by the name in it"),
  fn: async () => {
    await using broker = await DocumentedBroker.start(CERTIFICATE_TITLE);
    const [cert, key] = ["edge-1.crt", "edge-1.key"].map((file) => join(broker.folder, file)) as [
      string,
      string,
    ];
    const identity = { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
    await using bus = await broker.connect(undefined, identity);
    await using node = await broker.startNode(["--cert", cert, "--key", key]);
    await bus.on(HEARTBEAT);
    // A name of another node is not this user's: what it says there is dropped.
    await bus.publish("nodes/edge-2/heartbeat", { node: "edge-2" });
    await node.spawn(bus, { name: "curious", code: CURIOUS });
    await bus.on("sensors/seen");
    await bus.publish("sensors/in", "heard");
    assertEquals((await bus.on("sensors/out")).text, "heard");
    assertEquals(bus.all("nodes/edge-2/heartbeat"), []);
  },
});

async function filesOf(folder: string): Promise<[path: string, text: string][]> {
  const files: [string, string][] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...await filesOf(path));
    else if (entry.isFile) files.push([path, await Deno.readTextFile(path)]);
  }
  return files;
}
