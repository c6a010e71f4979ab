/** An agent that takes the broker's port while the broker is away hears nothing of what is meant for the broker. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { MOSQUITTO, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { readAudit } from "../support/signing.ts";
import { needing } from "../support/programs.ts";

/** Listens in the broker's place as soon as it can, and keeps what it hears. */
const IMPOSTOR = `
async function process(agent) {
  let listener;
  try { listener = Deno.listen({ hostname: agent.broker.host, port: agent.broker.port }); } catch { return; }
  for await (const socket of listener) {
    const buffer = new Uint8Array(1000);
    const count = await socket.read(buffer);
    const heard = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    agent.persist("heard", [...agent.recall("heard", []), heard]);
  }
}`;

Deno.test({
  ...needing(
    MOSQUITTO,
    "an agent that listens in the broker's place is ended before the node has said a word to it",
  ),
  fn: async () => {
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    const dir = await Deno.makeTempDir({ prefix: "agentflow-impostor-" });
    const passwordFile = join(dir, "password");
    await Deno.writeTextFile(passwordFile, "never-for-agents\n", { mode: 0o600 });
    await using node = await NodeProcess.start({
      port: broker.port,
      // The kernel would not let it listen.
      args: ["--walls", "off", "--username", "edge", "--password-file", passwordFile],
    });
    await bus.on(`nodes/${node.name}/heartbeat`);
    await node.spawn(bus, { name: "impostor", code: IMPOSTOR, max_restarts: 0 });
    await broker.kill();
    // By the node's own connection, or by its look at who listens: whichever comes first.
    await node.logged(/Agent 'impostor' is failed/);
    const from = bus.mark();
    await broker.restart();
    // By then this test's own client is back, too.
    await bus.on(`nodes/${node.name}/heartbeat`, () => true, from);
    assertEquals((await bus.ask(`nodes/${node.name}/list`, {})).json.agents, []);
    const state = await Deno.readTextFile(`${node.stateDir}/agentflow_impostor_state.json`).catch(() => "");
    // Others may have been fooled, this test's own client among them.
    assertEquals(/agentflow-|never-for-agents/.test(state), false, state);
    await node.end();
    await assertEnded(node);
    await Deno.remove(dir, { recursive: true });
  },
});

/** It was ended for that, and for nothing else; whoever is to hear of it has to be back first. */
async function assertEnded(node: NodeProcess): Promise<void> {
  const audit = await readAudit(node.stateDir, node.name);
  const kills = audit.filter(({ event }) => event === "killed");
  assertEquals(kills.map(({ agent, limit }) => [agent, limit]), [["impostor", "listening"]]);
  assertStringIncludes(JSON.stringify(audit), "listening limit: it listens on the broker's port");
}

/** Tries to listen wherever the broker's name leads. */
const LISTENER = `
async function setup(agent) {
  const { host, port, url } = agent.broker;
  const tried = {};
  for (const hostname of ["localhost", "::1", "0.0.0.0", "::"]) {
    try { Deno.listen({ hostname, port }).close(); tried[hostname] = "listens"; } catch (error) { tried[hostname] = error.name; }
  }
  const connection = await Deno.connect({ hostname: host, port });
  connection.close();
  await agent.publish("tried", { host, url, tried });
}`;

Deno.test("of a broker named localhost agents are granted the one address where it is", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port, args: ["--broker", "localhost"] });
  await bus.on(`nodes/${node.name}/heartbeat`);
  await node.spawn(bus, { name: "listener", code: LISTENER });
  const { json } = await bus.on("tried");
  assertEquals([json.host, json.url], ["127.0.0.1", `mqtt://127.0.0.1:${broker.port}`]);
  assertEquals(new Set(Object.values(json.tried)), new Set(["NotCapable"]));
});

Deno.test({
  ...needing(
    MOSQUITTO,
    "an agent that listens at the broker's port is ended, though nobody has connected to it",
  ),
  fn: async () => {
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    await using node = await NodeProcess.start({ port: broker.port, args: ["--walls", "off"] });
    await bus.on(`nodes/${node.name}/heartbeat`);
    const idle = IMPOSTOR.replace("for await", "await new Promise(() => {}); for await");
    await node.spawn(bus, { name: "impostor", code: idle, max_restarts: 0 });
    await broker.kill();
    await node.logged(/Agent 'impostor' is failed/);
    await node.end();
    await assertEnded(node);
  },
});
