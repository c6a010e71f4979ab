/** Every command of the command line is for the nodes that `--node` and `-l` choose. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";

const KITCHEN = ["-l", "room=kitchen,!beta"];
const CODE = "function process() {}";
type Row = Readonly<Record<string, unknown>>;

Deno.test("every command is for the nodes that --node and labels choose", async (t) => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, {
    k1: { room: "kitchen" },
    k2: { room: "kitchen" },
    k3: { room: "kitchen", beta: "yes" },
    hall: { room: "hall" },
  });
  const run = (...args: string[]) => ctlHere(broker.port, ...args);
  const step = (name: string, fn: () => Promise<void>) =>
    t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });
  for (const [name, node] of fleet.nodes) {
    for (const agent of [`lamp-${name}`, "twin"]) {
      if (agent === "twin" && name !== "k3" && name !== "hall") continue;
      const config = JSON.stringify({ name: agent, code: CODE });
      node.receive(`nodes/${name}/spawn`, new TextEncoder().encode(config));
    }
  }
  const list = (json: unknown) => json as readonly Row[];

  await step("what is shown", async () => {
    const nodes = async (...args: string[]) =>
      list((await run("nodes", "--json", ...args)).json).map(({ node }) => node);
    assertEquals([await nodes(...KITCHEN), await nodes("--node", "hall")], [["k1", "k2"], ["hall"]]);
    const states = list((await run("state", "lamp-*", ...KITCHEN, "--json")).json);
    assertEquals(states.map(({ node, persisted }) => [node, persisted]), [["k1", { on: "k1" }], ["k2", {
      on: "k2",
    }]]);
    assertEquals((await run("state", "twin", "--node", "hall", "--json")).json.node, "hall");
    assertMatch((await run("devices", ...KITCHEN)).stderr, /has a sensor or another device/);
    assertMatch((await run("devices", "-l", "room=cellar")).stderr, /No node has these labels/);
  });

  await step("tasks", async () => {
    const replies = list((await run("call", "lamp-*", '{"on":true}', ...KITCHEN, "--json")).json);
    assertEquals(replies.map(({ agent, node, ok, reply }) => [agent, node, ok, (reply as Row).got]), [
      ["lamp-k1", "k1", true, { on: true }],
      ["lamp-k2", "k2", true, { on: true }],
    ]);
    assertMatch((await run("call", "lamp-k1", "--node", "k1")).stdout, /^k1\/lamp-k1: \{"from":"lamp-k1"/);
    const elsewhere = await run("call", "lamp-k1", "--node", "hall");
    assertEquals([elsewhere.code, /runs on k1, not on hall/.test(elsewhere.stderr)], [1, true]);
    const both = await run("call", "twin", "--node", "hall");
    assertStringIncludes(both.stderr, "runs on hall and k3, and each of them would get the task");
  });

  await step("upgrades, one after the other, and only when asked or told so", async () => {
    const unasked = await run("upgrade", ...KITCHEN, "--runner", "README.md");
    assertEquals(unasked.code, 2);
    assertStringIncludes(unasked.stderr, "This upgrades 2 nodes, and there is no one to ask");
    const { json } = await run("upgrade", ...KITCHEN, "--runner", "README.md", "--yes", "--json");
    assertEquals(list(json).map(({ node, unchanged }) => [node, unchanged]), [["k1", false], ["k2", false]]);
    assertEquals(fleet.get("k1").release, fleet.get("k2").release);
    const again = await run("upgrade", "k1", "--runner", "README.md", "--json");
    assertEquals(again.json.unchanged, true);
    assertEquals((await run("upgrade", "hall", "--runner", "README.md", "--json")).json.node, "hall");
    assertStringIncludes(
      (await run("upgrade", "--yes")).stderr,
      "Name the nodes, or choose them by --selector",
    );
  });

  await step("starts, where each node gets an agent of its own name", async () => {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-selection-" });
    await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    await Deno.writeTextFile(`${folder}/fan.ts`, CODE);
    const same = await run("spawn", `${folder}/fan.ts`, ...KITCHEN);
    assertEquals(same.code, 2);
    assertStringIncludes(
      same.stderr,
      "These are 2 nodes (k1, k2), and an agent's name is its identity: --name 'fan-{node}'",
    );
    assertEquals((await run("spawn", `${folder}/fan.ts`, ...KITCHEN, "--name", "fan-{node}")).code, 0);
    const have = [...fleet.nodes.values()].map(({ disk }) =>
      [...disk.agents.keys()].filter((name) => /^fan/.test(name))
    );
    assertEquals(have, [["fan-k1"], ["fan-k2"], [], []]);
    assertEquals((await run("spawn", `${folder}/fan.ts`)).code, 2);
  });

  await step("moves, each with a higher epoch", async () => {
    const before = fleet.get("k1").epochOf("fan-k1");
    const { json } = await run("migrate", "fan-*", ...KITCHEN, "--to", "hall", "--yes", "--json");
    assertEquals(list(json).map(({ agent, from_node, to_node }) => [agent, from_node, to_node]), [
      ["fan-k1", "k1", "hall"],
      ["fan-k2", "k2", "hall"],
    ]);
    assertEquals(fleet.get("hall").epochOf("fan-k1") > before, true);
  });

  await step("lines and messages, also those that come later", async () => {
    await using bus = await Bus.connect(broker.port);
    const line = (node: string) =>
      bus.publish(`agents/${actorId(`lamp-${node}`)}/logs`, {
        agent: `lamp-${node}`,
        node,
        type: "log",
        message: "hello",
        timestamp: Date.now() / 1000,
      });
    for (const args of [["logs", "-f", "--for", "0.4"], ["watch", "agents/+/logs", "--count", "2"]]) {
      let isOver = false;
      const running = run(...args, ...KITCHEN, "--json").finally(() => isOver = true);
      // A listener that is not there yet has missed what came before.
      while (!isOver) for (const node of ["k3", "hall", "k1"]) await line(node);
      const nodes = new Set((await running).stdout.match(/"node":"\w+"/g));
      assertEquals([...nodes], ['"node":"k1"'], args[0]);
    }
  });
});
