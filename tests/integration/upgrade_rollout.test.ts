/** A runner is rolled out in waves, and taken back, as a fleet file is. */
import { assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { packedPlan, type Rollout } from "../../operator/rollout/record.ts";
import { newRollout } from "../../operator/rollout/state.ts";
import { takeOverUpgrade } from "../../operator/rollout/upgrade.ts";
import type { UpgradePlan } from "../../operator/rollout/upgrade_plan.ts";
import { packRunner, releaseOf } from "../../protocol/upgrade_package.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { connectOperator } from "../support/operator.ts";

const TOPIC = "main/rollouts/_runners";
const NODES = ["a", "b", "c"];

Deno.test("a runner goes to one wave after the other, and back if an agent fails under it", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, { a: { line: "1" }, b: { line: "1" }, c: {} });
  await using bus = await Bus.connect(broker.port);
  const file = await Deno.makeTempFile();
  await using _file = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  const write = async (text: string) => {
    await Deno.writeTextFile(file, text);
    return releaseOf(new TextEncoder().encode(text));
  };
  const upgrade = async (...args: string[]) =>
    await ctlHere(broker.port, "upgrade", ...args, "--runner", file, "--yes", "--json");
  const releases = () => NODES.map((name) => fleet.get(name).release);
  for (const name of NODES) await bus.ask(`nodes/${name}/spawn`, { name: `x-${name}`, code: "1" });

  const better = await write("better");
  const mark = bus.mark();
  const done = await upgrade("-l", "line=1", "--waves", "1,rest", "--soak", "0");
  assertEquals([done.code, done.json.phase, done.json.waves], [0, "done", [["a"], ["b"]]]);
  assertEquals(releases(), [better, better, "old"]);
  const sent = NODES.flatMap((name) => bus.all(`nodes/${name}/upgrade`, mark));
  assertEquals(sent.length, 2);
  // What it has changed is no longer kept.
  assertEquals(bus.all(`${TOPIC}/plan`).at(-1)?.json, undefined);

  await write("worse");
  const from = bus.mark();
  const back = upgrade(...NODES, "--waves", "1,rest", "--soak", "20m", "--on-failure", "rollback");
  await bus.on(TOPIC, ({ json }) => json?.state.phase.kind === "soaking", from);
  const refused = await upgrade("c");
  assertMatch(
    refused.json.error,
    /a roll-out of runners by .* is not over: see 'agentflow rollout show --upgrade'/,
  );
  const error = { phase: "process", error: "no such function", node: "a", name: "x-a" };
  // The state is told before the watch begins.
  const again = setInterval(() => void bus.publish(`agents/${actorId("x-a")}/errors`, error), 50);
  const { code, json } = await back.finally(() => clearInterval(again));
  assertEquals([code, json.phase, json.failures], [1, "rolled_back", {
    a: "x-a: process: no such function",
  }]);
  assertEquals(releases(), [better, better, "old"]);
});

Deno.test("a roll-out that was kept too long takes no node back to its runner", async () => {
  await using broker = await startEmbedded();
  await using fleet = await LightFleet.start(broker.port, { a: {} });
  await using bus = await Bus.connect(broker.port);
  const runner = new TextEncoder().encode("vulnerable");
  // Node a has had another runner since: "old".
  const plan: UpgradePlan = {
    id: crypto.randomUUID(),
    order: packRunner(runner, "1.0.0") as UpgradePlan["order"],
    release: releaseOf(runner),
    trialSeconds: 60,
    before: { a: { release: "older", agents: [] } },
  };
  const rollout: Rollout = {
    id: plan.id,
    fleet: "_runners",
    by: "me",
    message: "long ago",
    at: 1,
    executor: crypto.randomUUID(),
    state: newRollout([["a"]], { soakMs: 0, maxFailures: 0, onFailure: "halt" }),
  };
  await bus.publish(`${TOPIC}/plan`, await packedPlan(plan, "_runners", undefined), { retain: true });
  await using operator = await connectOperator(broker.port);
  const { phase, failures } = await takeOverUpgrade(
    operator,
    { ...rollout, seal: { kind: "unsigned" } },
    [],
    {
      by: "me",
      signal: new AbortController().signal,
      onStep: () => {},
      onState: () => {},
      rule: { trusted: new Map(), demands: false },
    },
  );
  assertEquals([phase.kind, failures], ["ended", {
    a: "it runs release old, and ran older when the roll-out began: begin another for it",
  }]);
  assertEquals([fleet.get("a").release, bus.all("nodes/a/upgrade")], ["old", []]);
});
