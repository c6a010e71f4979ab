/** A roll-out at the broker: what is kept, who carries it out, and who hears orders. */
import { assertEquals, assertRejects } from "@std/assert";
import { refuseDuringRollout } from "../../../../operator/rollout/guard.ts";
import { fleetPlanIn, packedPlan, rolloutIn, unpackedPlan } from "../../../../operator/rollout/record.ts";
import { newRollout } from "../../../../operator/rollout/state.ts";
import {
  giveOrder,
  readPlan,
  readRollout,
  refuseUnsealed,
  RolloutStore,
  type SealRule,
} from "../../../../operator/rollout/store.ts";
import { Signer } from "../../../../operator/signer.ts";
import { gunzip, gzip } from "../../../../operator/gzip.ts";
import { newKey } from "../../../support/signing.ts";
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
  assertEquals(read, { ...ROLLOUT, state: { ...state, wave: 1 }, seal: { kind: "unsigned" } });
  assertEquals(await readPlan(broker.operator(), ROLLOUT, fleetPlanIn), PLAN);
  await store.forgetPlan();
  await assertRejects(() => readPlan(broker.operator(), ROLLOUT, fleetPlanIn), Error, "begin it again");
});

Deno.test("what is stored is signed, and what no known key has signed, or somebody has changed, is refused", async () => {
  const broker = new FakeBroker();
  const [ana, ben] = [new Signer(await newKey("ana")), new Signer(await newKey("ben"))];
  const knows = (...signers: readonly Signer[]): SealRule => ({
    trusted: new Map(signers.map((signer) => [signer.kid, signer.public])),
    demands: true,
  });
  const use = async (rule: SealRule) => {
    const operator = broker.operator(ben);
    const kept = await readRollout(operator, "home", rule.trusted);
    if (kept === undefined) throw new Error("it is lost");
    refuseUnsealed(kept, rule);
    return await readPlan(operator, kept, fleetPlanIn, rule);
  };
  using _store = await RolloutStore.open(broker.operator(ana), ROLLOUT, PLAN, () => {});
  assertEquals(await use(knows(ana)), PLAN);
  await assertRejects(() => use(knows()), Error, "is signed by key 'ana', which is not known here");
  assertEquals(await use({ ...knows(), demands: false }), PLAN);

  const topic = "main/rollouts/home";
  const [state, plan] = [broker.json(topic), broker.kept.get(`${topic}/plan`) ?? new Uint8Array()];
  broker.publish(topic, { ...state, by: "mallory" }, true);
  await assertRejects(
    () => use(knows(ana)),
    Error,
    "The roll-out of fleet 'home' is not what key 'ana' has signed",
  );
  broker.publish(topic, { ...state, _seal: undefined }, true);
  await assertRejects(
    () => use(knows(ana)),
    Error,
    "is not signed: name the keys of other operators by --trust",
  );
  broker.publish(topic, state, true);
  broker.publish(`${topic}/plan`, await gzip((await gunzip(plan)).replace('"code":"2"', '"code":"3"')), true);
  await assertRejects(
    () => use(knows(ana)),
    Error,
    "What the roll-out of fleet 'home' changes is not what key",
  );
  // A signature of one thing is none of another.
  broker.publish(`${topic}/plan`, await packedPlan(PLAN, "farm", ana), true);
  await assertRejects(() => use(knows(ana)), Error, "is not what key 'ana' has signed");
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
  assertEquals(await unpackedPlan(bytes(PLAN), "home", fleetPlanIn), undefined);
  assertEquals(
    await unpackedPlan(await packedPlan({ ...PLAN, id: "?" }, "home", undefined), "home", fleetPlanIn),
    undefined,
  );
});
