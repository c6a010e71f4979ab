/** A roll-out at the broker: what is kept, who carries it out, and who hears orders. */
import { assertEquals, assertRejects } from "@std/assert";
import { refuseDuringRollout } from "../../../../operator/rollout/guard.ts";
import { packedPlan, rolloutIn, unpackedPlan } from "../../../../operator/rollout/record.ts";
import { newRollout } from "../../../../operator/rollout/state.ts";
import { giveOrder, readPlan, readRollout, RolloutStore } from "../../../../operator/rollout/store.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const state = newRollout([["a"], ["b"]], { soakMs: 1, maxFailures: 0, onFailure: "halt" });
const ROLLOUT = { id: ID, fleet: "home", by: "ana", message: "", at: 1, executor: "one", state };
const PLAN = {
  id: ID,
  wanted: [{ node: "a", config: { name: "x", code: "2" } }],
  base: [],
  unlisted: [],
  baseTag: "",
  prune: false,
  isRollback: false,
  checks: [{ topic: "t" }],
};

Deno.test("what is stored is read again by another operator", async () => {
  const broker = new FakeBroker();
  using store = await RolloutStore.open(broker.operator(), ROLLOUT, PLAN, () => {});
  await store.save({ ...state, wave: 1 });
  const read = await readRollout(broker.operator(), "home");
  assertEquals(read, { ...ROLLOUT, state: { ...state, wave: 1 } });
  assertEquals(await readPlan(broker.operator(), ROLLOUT), PLAN);
  await store.forgetPlan();
  await assertRejects(() => readPlan(broker.operator(), ROLLOUT), Error, "apply the fleet file again");
});

Deno.test("whoever goes on with it ends the one before, and orders reach the one who is there", async () => {
  const broker = new FakeBroker();
  assertEquals(await readRollout(broker.operator(), "home"), undefined);
  const heard: string[] = [];
  using first = await RolloutStore.open(
    broker.operator(),
    ROLLOUT,
    PLAN,
    ({ order }) => void heard.push(order),
  );
  assertEquals(await giveOrder(broker.operator(), "home", { order: "pause", by: "ben" }), "ana");
  assertEquals(heard, ["pause"]);
  const taken = assertRejects(() => first.takenOver, Error, "ben goes on");
  using _second = await RolloutStore.open(
    broker.operator(),
    { ...ROLLOUT, executor: "two", by: "ben" },
    undefined,
    () => {},
  );
  await taken;
});

Deno.test("while one is under way nobody else applies", async () => {
  const broker = new FakeBroker();
  await refuseDuringRollout(broker.operator(), "home");
  broker.publish("main/rollouts/home", ROLLOUT, true);
  await assertRejects(
    () => refuseDuringRollout(broker.operator(), "home"),
    Error,
    "a roll-out of fleet 'home' by ana",
  );
  const ended = { ...state, phase: { kind: "ended", how: "done", why: "" } };
  broker.publish("main/rollouts/home", { ...ROLLOUT, state: ended }, true);
  await refuseDuringRollout(broker.operator(), "home");
});

Deno.test("what is no roll-out is ignored", async () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  for (const value of [1, {}, { ...ROLLOUT, fleet: "other" }, { ...ROLLOUT, state: {} }]) {
    assertEquals(rolloutIn(bytes(value), "home"), undefined);
  }
  assertEquals(await unpackedPlan(bytes(PLAN)), undefined);
  assertEquals(await unpackedPlan(await packedPlan({ ...PLAN, id: "?" })), undefined);
});
