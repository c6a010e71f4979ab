/** The tools of chat and MCP for a fleet: the same operations as the command line. */
import { assertEquals, assertMatch } from "@std/assert";
import { AGENT_TOOLS } from "../../operator/tools/agents.ts";
import { FLEET_TOOLS } from "../../operator/tools/fleet.ts";
import type { Workshop } from "../../operator/tools/tool.ts";
import { startEmbedded } from "../support/brokers.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { connectOperator } from "../support/operator.ts";

const CODE = "function process() {}";
const FILE = { fleet: "home", agents: [{ name: "lamp-{node}", code: CODE, labels: { room: "kitchen" } }] };

Deno.test("a fleet is compared, applied and looked at by tools, as by commands", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, {
    k1: { room: "kitchen" },
    k2: { room: "kitchen" },
  });
  await using operator = await connectOperator(broker.port);
  const call = async (name: string, input: unknown) => {
    const tool = [...AGENT_TOOLS, ...FLEET_TOOLS].find((each) => each.name === name);
    const workshop = { operator, by: "an assistant" } as unknown as Workshop;
    const how = { signal: new AbortController().signal, onProgress: () => {} };
    // deno-lint-ignore no-explicit-any -- results of every shape
    const preview: any = await tool?.preview?.(input, workshop, how);
    // deno-lint-ignore no-explicit-any -- as above
    return { ...await tool?.run(input, workshop, how) as { ok: boolean; value: any }, preview };
  };
  const before = await call("diff_fleet", { fleet_file: FILE });
  assertEquals([before.ok, before.value.same, before.value.plan.length], [true, false, 2]);
  assertEquals(fleet.get("k1").disk.agents.size, 0);
  const applied = await call("apply_fleet", { fleet_file: FILE, message: "lamps" });
  assertEquals(applied.preview.plan, before.value.plan);
  assertEquals([applied.ok, applied.value.generation], [true, 1]);
  const state = await call("get_fleet", { fleet: "home" });
  assertEquals([state.value.generation, state.value.nodes.map(({ state }: { state: string }) => state)], [
    1,
    ["done", "done"],
  ]);
  // What was applied need not be asked for; what somebody has replaced by hand is.
  const asked: string[] = [];
  using _asked = await operator.bus.subscribe("nodes/+/inspect", ({ topic }) => void asked.push(topic));
  assertEquals([(await call("diff_fleet", { fleet_file: FILE })).value.same, asked], [true, []]);
  const byHand = JSON.stringify({ name: "lamp-k1", code: "// by hand", replace: true });
  fleet.get("k1").receive("nodes/k1/spawn", new TextEncoder().encode(byHand));
  const drifted = await call("apply_fleet", { fleet_file: FILE, message: "lamps" });
  assertEquals(drifted.preview.plan.map(({ step, agent }: Record<string, string>) => `${step} ${agent}`), [
    "replace lamp-k1",
  ]);
  assertEquals([drifted.ok, new Set(asked)], [true, new Set(["nodes/k1/inspect"])]);
  const [newest] = (await ctlHere(broker.port, "history", "home", "--json")).json;
  assertEquals([newest.by, newest.message], ["an assistant", "lamps"]);
  const { value } = await call("get_agent", { name: "lamp-k1" });
  assertEquals([value.node, value.code, value.config.name, value.epoch > 1_700_000_000, value.persisted], [
    "k1",
    CODE,
    "lamp-k1",
    true,
    undefined,
  ]);
  assertEquals((await call("get_agent", { name: "lamp-k2", persisted: true })).value.persisted, { on: "k2" });
  assertEquals((await call("restart_agent", { name: "lamp-k1" })).value, {
    agent: "lamp-k1",
    node: "k1",
    state: "restarted",
  });
  const [lamp] = FILE.agents;
  const waves = { rollout: { waves: ["1", "rest"], soak: 0 }, agents: [{ ...lamp, poll_interval: 9 }] };
  const rolled = await call("apply_fleet", { fleet_file: { ...FILE, ...waves } });
  assertEquals([
    rolled.preview.rollout,
    rolled.ok,
    rolled.value.rollout,
    rolled.value.waves,
    rolled.value.changed,
  ], [
    waves.rollout,
    true,
    "done",
    [["k1"], ["k2"]],
    ["k1", "k2"],
  ]);
  const local = await call("diff_fleet", {
    fleet_file: { agents: [{ name: "x", file: "/etc/passwd", node: "k1" }] },
  });
  assertEquals(local.ok, false);
  assertMatch(local.value.error, /'x' names the file '\/etc\/passwd': give its text as code/);
  const misspelt = await call("diff_fleet", {
    fleet_file: { agents: [{ name: "x", code: CODE, nod: "k1" }] },
  });
  assertMatch(misspelt.value.error, /nod is not a known field: did you mean node\?/);
});
