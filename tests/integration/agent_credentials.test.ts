/** Agents with connections of their own to a broker that asks for a password: only those that the policy gives one. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { actorId } from "../../protocol/ids.ts";
import { freePort } from "../support/brokers.ts";
import { DOCUMENTED_BROKER, DocumentedBroker, PASSWORD_TITLE, PASSWORDS } from "../support/documented.ts";
import { readAudit } from "../support/signing.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";

const INSTALL = ["npm:mqtt@5.16.0"];

/** Connects by itself as what it has been told, says what came of it, and then tries to give the password away. */
const OWN_CLIENT = `
import mqtt from "mqtt";
async function connectedAs(agent) {
  const { url, username, password, ca } = agent.broker;
  const client = mqtt.connect(url, { username, password, ca, reconnectPeriod: 0, connectTimeout: 10_000 });
  try {
    await new Promise((resolve, reject) => {
      client.on("connect", resolve);
      client.on("error", reject);
    });
    await client.publishAsync("sensors/direct", "by itself", { qos: 1 });
    await client.publishAsync("nodes/edge-1/stop", "own-client", { qos: 1 });
    return "connected as " + username;
  } catch (error) {
    return String(error.message);
  } finally {
    await client.endAsync(true);
  }
}
async function setup(agent) {
  await agent.publish("sensors/outcome/" + agent.name, await connectedAs(agent));
  await agent.publish("sensors/shown/" + agent.name, { broker: agent.broker });
  console.log(agent.broker);
  if (agent.broker.password === undefined) return;
  await agent.log("it is " + agent.broker.password);
  try { agent.persist("password", agent.broker.password); } catch (error) { await agent.log(error.message); }
}`;

Deno.test({
  ...needing(
    DOCUMENTED_BROKER,
    "an agent's own client gets into a broker with passwords when the policy gives it one, and only then",
  ),
  fn: async () => {
    await using broker = await DocumentedBroker.start(PASSWORD_TITLE);
    await using operator = await broker.connect("operator");
    const password_file = join(broker.folder, "agents.password");
    await Deno.writeTextFile(password_file, `${PASSWORDS.agents}\n`, { mode: 0o600 });
    const policy = join(broker.folder, "policy.json");
    const agents = { "own-*": { agent_credentials: { username: "agents", password_file } } };
    await Deno.writeTextFile(policy, JSON.stringify({ agents }));
    await using node = await broker.startNode([
      ...await broker.passwordArgs(),
      ...["--policy", policy, "--loglevel", "DEBUG"],
    ]);
    await operator.on("nodes/edge-1/heartbeat");
    const from = operator.mark();
    for (const name of ["own-client", "other"]) {
      await operator.publish("nodes/edge-1/spawn", { name, code: OWN_CLIENT, install: INSTALL });
    }
    const outcome = (name: string) =>
      operator.find(name, ({ topic }) => topic === `sensors/outcome/${name}`, from, 120_000);
    assertEquals((await outcome("own-client")).text, "connected as agents");
    assertEquals((await operator.on("sensors/direct")).text, "by itself");
    assertStringIncludes((await outcome("other")).text, "Not authorized");

    const address = { host: "localhost", port: broker.port, url: broker.url };
    const shown = async (name: string) => (await operator.on(`sensors/shown/${name}`)).json.broker;
    assertEquals(await shown("own-client"), { ...address, username: "agents" });
    assertEquals(await shown("other"), address);
    const logs = `agents/${actorId("own-client")}/logs`;
    await operator.on(logs, ({ json }) => json.message === "it is ‹broker password›");
    await operator.on(
      logs,
      ({ json }) => json.message === 'Cannot persist "password": it contains the secret broker password',
    );
    // What it said to the node by its own connection was not for its user to say: it is there still.
    await operator.publish("nodes/edge-1/list", {});
    const { json: list } = await operator.on("nodes/edge-1/agents");
    assertEquals(list.agents.length, 2);

    await node.end();
    const launched = (await readAudit(node.stateDir, "edge-1")).filter(({ event }) => event === "launched");
    assertEquals(
      Object.fromEntries(launched.map(({ agent, broker_user }) => [agent, broker_user])),
      { "own-client": "agents", other: undefined },
    );
    const places = [node.stderr.join("\n"), ...operator.messages.map(({ text }) => text)];
    for await (const { name, isFile } of Deno.readDir(`${node.stateDir}/agentflow_edge-1.registry`)) {
      if (isFile) places.push(await Deno.readTextFile(`${node.stateDir}/agentflow_edge-1.registry/${name}`));
    }
    for (const text of places) assert(!text.includes(PASSWORDS.agents), text.slice(0, 400));
  },
});

Deno.test("a node does not start with a password file that others can read: one line, exit 2", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const [policy, password_file] = [join(dir, "policy.json"), join(dir, "password")];
  await Deno.writeTextFile(password_file, "correct horse", { mode: 0o644 });
  await Deno.writeTextFile(
    policy,
    JSON.stringify({ agent_credentials: { username: "agents", password_file } }),
  );
  await using node = await NodeProcess.start({ port: freePort(), args: ["--policy", policy] });
  const { code } = await node.child.status;
  await node.end();
  assertEquals(code, 2);
  const lines = node.stderr.filter((line) => line.includes("ERROR"));
  assertEquals(lines.length, 1, node.stderr.join("\n"));
  assertStringIncludes(
    lines[0] ?? "",
    `--policy: agent_credentials: password_file ${password_file} cannot be used: its mode 644 makes it readable`,
  );
  await Deno.remove(dir, { recursive: true });
});
