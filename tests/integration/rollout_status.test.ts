/** `agentflow status` tells of a roll-out that is under way or halted, and of none that is history. */
import { assertEquals, assertMatch } from "@std/assert";
import { newRollout, type RolloutState } from "../../operator/rollout/state.ts";
import { startEmbedded } from "../support/brokers.ts";
import { ctlHere } from "../support/ctl_here.ts";
import { LightFleet } from "../support/light_fleet.ts";
import { connectOperator } from "../support/operator.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const STATE = newRollout([["a"], ["b"]], { soakMs: 1, maxFailures: 0, onFailure: "halt" });

Deno.test("status shows a roll-out that is under way or halted, until somebody applies", async () => {
  await using broker = await startEmbedded();
  await using _fleet = await LightFleet.start(broker.port, { a: {}, b: {} });
  await using operator = await connectOperator(broker.port);
  const status = async () => await ctlHere(broker.port, "status", "farm", "--json");
  const file = await Deno.makeTempFile({ suffix: ".json" });
  await using _file = { [Symbol.asyncDispose]: () => Deno.remove(file) };
  const apply = async (code: string) => {
    const agents = [{ name: "x-{node}", code, nodes: ["a", "b"] }];
    await Deno.writeTextFile(file, JSON.stringify({ fleet: "farm", agents }));
    assertEquals((await ctlHere(broker.port, "apply", file)).code, 0);
  };
  const tell = async (state: Partial<RolloutState>) => {
    const about = { id: ID, fleet: "farm", by: "ana", message: "calmer", at: 1, executor: ID };
    const rollout = { ...about, state: { ...STATE, ...state } };
    await operator.bus.publish("main/rollouts/farm", rollout, { retain: true });
  };
  await apply("1");
  // Its generation is a wave of the roll-out.
  const head = Promise.withResolvers<Record<string, unknown>>();
  using _head = await operator.bus.subscribe("main/fleets/farm", ({ payload }) => {
    head.resolve(JSON.parse(new TextDecoder().decode(payload)));
  });
  await operator.bus.publish("main/fleets/farm", { ...await head.promise, rollout: ID }, { retain: true });

  const pending = { b: "its node is off" };
  await tell({ phase: { kind: "soaking", nodes: ["a"], untilMs: Date.now() }, pending });
  const { code, json: { rollout } } = await status();
  assertEquals([code, rollout.by, rollout.phase, rollout.wave, rollout.pending], [
    5,
    "ana",
    "soaking",
    1,
    pending,
  ]);
  await tell({ phase: { kind: "ended", how: "halted", why: "a: no" }, failures: { a: "no" } });
  const halted = await ctlHere(broker.port, "status", "farm");
  assertEquals(halted.code, 1);
  assertMatch(halted.stdout, /^Roll-out of fleet 'farm' by ana, .* ago: calmer$/m);
  assertMatch(halted.stdout, /^failed {2}a: no$/m);
  assertMatch(halted.stdout, /^ +agentflow rollout abort farm --rollback /m);
  await apply("2");
  const later = await status();
  assertEquals([later.code, later.json.rollout], [0, undefined]);
});
