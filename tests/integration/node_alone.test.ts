/** Agents of one node go on with each other while the broker is away: see docs/reliability.md. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AloneResult, runAlone, violationsOf } from "../chaos/alone.ts";
import { MOSQUITTO, Mosquitto } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { LinkProxy } from "../support/link_proxy.ts";
import { NodeProcess } from "../support/node_process.ts";
import { needing } from "../support/programs.ts";
import { testOnStage } from "../support/stage.ts";
import { until } from "../support/until.ts";

/** The numbers that came to the bus more than once. */
function doubled({ bus }: AloneResult): number[] {
  return Object.values(bus).flatMap((numbers) => numbers.filter((n, index) => numbers.indexOf(n) !== index));
}

const PLAIN = { seed: 3, seconds: 1.5, everyMs: 20, broker: "mosquitto", hasChaos: false } as const;

Deno.test(
  needing(MOSQUITTO, "with the link cut every edge is handled once, and is on the bus once afterwards"),
  async () => {
    const result = await runAlone({ ...PLAIN, say: () => {} });
    assertEquals(violationsOf(result), []);
    // What was under way when the link broke is sent again; that was near the beginning.
    assert(doubled(result).every((n) => n < result.edges / 2), doubled(result).join());
  },
);

Deno.test(
  needing(MOSQUITTO, "so it is when the link comes back for moments, and the broker is killed"),
  async () => {
    const said: string[] = [];
    const result = await runAlone({ ...PLAIN, seconds: 3, hasChaos: true, say: (line) => said.push(line) });
    assertEquals(violationsOf(result), [], said.join("\n"));
  },
);

const EARS = `
async function setup(agent) {
  await agent.subscribe("here/#", (payload, topic) => agent.log("heard " + topic + " " + payload));
}`;
const MOUTH = `
async function handle_task(agent, { topic, options }) { await agent.publish(topic, "x", options); }`;

testOnStage("messages for this node alone", {}, {
  "local: true reaches the agents of the node in order, and nobody else": async (stage) => {
    const ears = await stage.spawn({ name: "ears", code: EARS });
    const mouth = await stage.spawn({ name: "mouth", code: MOUTH });
    await Promise.all([ears.on("manifest"), mouth.on("manifest")]);
    for (const [topic, options] of [["here/a", { local: true }], ["here/b", {}]] as const) {
      assertEquals(await mouth.task({ topic, options }), {});
    }
    await ears.logged("heard here/b x");
    assertEquals(ears.all("logs").map(({ message }) => message), ["heard here/a x", "heard here/b x"]);
    const published = await mouth.on("manifest", (json) => json.publishes.length > 0);
    assertEquals(published.json.publishes, ["here/b"]);
    assertEquals(stage.bus.all("here/a"), []);
  },

  "it is neither retained nor free of the rules": async (stage) => {
    const mouth = await stage.spawn({ name: "rude", code: MOUTH });
    const attempts: [topic: string, options: Record<string, unknown>, error: RegExp][] = [
      ["here/c", { local: true, retain: true }, /retain and local exclude each other/],
      ["here/c", { local: "yes" }, /local must be true or false, got yes/],
      ["nodes/other/stop_all", { local: true }, /control topics, below nodes\/ and agents\//],
    ];
    for (const [topic, options, error] of attempts) {
      assertMatch((await mouth.task({ topic, options })).error, error);
    }
  },
});

/** Keeps what it hears. */
const KEEPER = `
const heard = [];
async function setup(agent) {
  await agent.subscribe("kept/+", (payload) => { heard.push(payload); agent.persist("heard", heard); });
}`;
const STATE = `
async function process(agent) {
  const n = agent.recall("n", 0) + 1;
  if (n <= 3) await agent.publish("kept/state", n, { retain: true });
  agent.persist("n", n);
}`;

Deno.test(
  needing(MOSQUITTO, "of what is kept agents have the newest, also when the broker still has what is older"),
  async () => {
    await using broker = await Mosquitto.start();
    await using bus = await Bus.connect(broker.port);
    await using link = LinkProxy.listen(broker.port);
    await using node = await NodeProcess.start({ port: link.port });
    await bus.on("nodes/test-node/heartbeat");
    await bus.publish("kept/state", 0, { retain: true });
    await node.spawn(bus, { name: "keeper", code: KEEPER });
    const heard = (): unknown[] => {
      try {
        return JSON.parse(Deno.readTextFileSync(`${node.stateDir}/agentflow_keeper_state.json`)).heard ?? [];
      } catch {
        // It has persisted nothing yet.
        return [];
      }
    };
    await until("what was kept is heard", () => heard().includes(0));
    await node.spawn(bus, { name: "state", code: STATE, poll_interval: 0.3 });
    await bus.on("kept/state", ({ json }) => json === 1);
    link.cut();
    await until("the last state is known", () => heard().includes(3));
    link.restore();
    await bus.on("kept/state", ({ json }) => json === 3);
    await until("the node hears others again", async () => {
      await bus.publish("kept/end", "end");
      return heard().includes("end");
    });
    assertEquals(heard().filter((payload) => payload !== "end"), [0, 1, 2, 3]);
  },
);
