/** mosquitto with the rules that `deno task acl` prints: who can say what to whom, and who cannot. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { aclFile } from "../../operator/acl_rules.ts";
import { discoveryTopic } from "../../protocol/home_assistant.ts";
import { actorId, nodeId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { freePort, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { DOCUMENTED_BROKER, setPasswords } from "../support/documented.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const USERS = ["edge-1", "edge-2", "boss", "agents", "ha"] as const;
type User = (typeof USERS)[number];
const passwordOf = (user: User) => `hush-of-${user}`;

/** A broker with generated rules. Invariant: it is gone, with its folder, when it has been disposed of. */
class RuledBroker implements AsyncDisposable {
  private constructor(readonly dir: string, readonly port: number, private readonly broker: Mosquitto) {}

  static async start(migrate: boolean): Promise<RuledBroker> {
    const dir = await Deno.makeTempDir({ prefix: "agentflow-acl-" });
    const rules = {
      nodes: ["edge-1", "edge-2"],
      operators: ["boss"],
      agents: ["agents"],
      homeAssistant: ["ha"],
      prefix: "homeassistant",
      data: ["home/#"],
      migrate,
    };
    await Deno.writeTextFile(join(dir, "acl"), aclFile(rules));
    await setPasswords(dir, Object.fromEntries(USERS.map((user) => [user, passwordOf(user)])));
    const port = freePort();
    const broker = await Mosquitto.configured(port, [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous false",
      `password_file ${join(dir, "passwords")}`,
      `acl_file ${join(dir, "acl")}`,
      "set_tcp_nodelay true",
    ]);
    return new RuledBroker(dir, port, broker);
  }

  connect(user: User): Promise<Bus> {
    return Bus.connectTo(`mqtt://127.0.0.1:${this.port}`, { username: user, password: passwordOf(user) });
  }

  async startNode(name: "edge-1" | "edge-2", more: readonly string[] = []): Promise<NodeProcess> {
    const file = join(this.dir, `${name}.password`);
    await Deno.writeTextFile(file, passwordOf(name), { mode: 0o600 });
    return await NodeProcess.start({
      name,
      port: this.port,
      args: ["--username", name, "--password-file", file, ...more],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

const CODE = `
async function setup(agent) {
  await agent.subscribe("home/in", (payload) => agent.publish("home/out", payload));
  await agent.publish("home/ready", "");
}
function handle_task(agent, payload) { return { done: payload }; }`;

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "with the generated rules the operator commands, nodes report, and agents' users reach their data alone",
  ),
  fn: async () => {
    await using broker = await RuledBroker.start(false);
    await using boss = await broker.connect("boss");
    await using agents = await broker.connect("agents");
    await using node = await broker.startNode("edge-1");
    await boss.on("nodes/edge-1/heartbeat");
    await node.spawn(boss, { name: "echo", code: CODE });
    await agents.on("home/ready");
    await agents.publish("home/in", "heard");
    assertEquals((await agents.on("home/out")).text, "heard");
    await boss.publish("agents/by-name/echo/task", { _reply_topic: "main/reply/1", payload: 7 });
    assertEquals((await boss.on("main/reply/1")).json, { done: 7 });

    await agents.publish("nodes/edge-1/stop_all", {});
    await agents.publish("agents/by-name/echo/task", { payload: 1 });
    // What comes after it, of the same sender, has been let through.
    await agents.publish("home/in", "last");
    await boss.on("home/out", ({ text }) => text === "last");
    await boss.publish("nodes/edge-1/list", {});
    assertEquals((await boss.on("nodes/edge-1/agents")).json.agents.length, 1);
    assertEquals(agents.messages.filter(({ topic }) => !topic.startsWith("home/")), []);
    assertEquals(boss.all("nodes/edge-1/stop_all"), []);
  },
});

for (const migrate of [false, true]) {
  Deno.test({
    ...needing(
      DOCUMENTED_BROKER,
      `a node's user ${migrate ? "commands other nodes with --migrate" : "cannot command another node"}`,
    ),
    fn: async () => {
      await using broker = await RuledBroker.start(migrate);
      await using boss = await broker.connect("boss");
      await using other = await broker.connect("edge-1");
      await using _node = await broker.startNode("edge-2");
      await boss.on("nodes/edge-2/heartbeat");
      const spawn = { name: "sent", code: CODE };
      await other.publish("nodes/edge-2/spawn", spawn);
      await other.publish("nodes/edge-2/stop_all", {});
      await other.publish("home/last", "");
      await boss.on("home/last");
      await boss.publish("nodes/edge-2/list", {});
      const { json } = await boss.on("nodes/edge-2/agents");
      assertEquals(json.agents.map((agent: { name: string }) => agent.name), migrate ? ["sent"] : []);
      assertEquals(boss.all("nodes/edge-2/stop_all"), []);
    },
  });
}

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "with the generated rules, --migrate among them, an agent moves from node to node",
  ),
  fn: async () => {
    await using broker = await RuledBroker.start(true);
    await using boss = await broker.connect("boss");
    await using node = await broker.startNode("edge-1");
    await using _target = await broker.startNode("edge-2");
    await boss.on("nodes/edge-1/heartbeat");
    await boss.on("nodes/edge-2/heartbeat");
    await node.spawn(boss, { name: "echo", code: CODE });
    await boss.publish("nodes/edge-1/migrate", { name: "echo", target_node: "edge-2" });
    const { json } = await boss.on("nodes/edge-1/migrate_result");
    assertEquals([json.success, json.to_node], [true, "edge-2"], json.error);
  },
});

const LAMP = `
async function setup(agent) { await agent.switch("lamp", { onChange: () => {} }); }`;

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "with the generated rules Home Assistant sees what a node announces, and turns its switch; the operator forgets it",
  ),
  fn: async () => {
    await using broker = await RuledBroker.start(false);
    await using boss = await broker.connect("boss");
    await using ha = await broker.connect("ha");
    await using node = await broker.startNode("edge-1", ["--home-assistant"]);
    await boss.on("nodes/edge-1/heartbeat");
    await node.spawn(boss, { name: "lamp", code: LAMP });
    const topic = discoveryTopic("homeassistant", nodeId("edge-1"));
    const [config] = Object.values((await ha.on(topic)).json.cmps) as { command_topic: string }[];
    await ha.publish(config?.command_topic ?? "", { switch: "lamp", on: true });
    await ha.on(topics.switchState(actorId("lamp"), "lamp"), ({ json }) => json.on === true);
    // Neither other nodes nor Home Assistant itself may take the device away; the operator may.
    await using other = await broker.connect("edge-2");
    for (const bus of [other, ha]) await bus.publish(topic, "", { retain: true });
    await boss.publish(topic, "", { retain: true });
    await boss.publish("agents/last/logs", "");
    await boss.on("agents/last/logs");
    assertEquals(boss.all(topic).filter(({ text }) => text === "").length, 1);
  },
});
