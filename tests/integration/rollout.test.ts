/** A roll-out on real nodes with real agents: what fails late stays in the first wave, and can be taken back. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Bus } from "../../operator/bus.ts";
import { Commander } from "../../operator/commander.ts";
import { Fleet } from "../../operator/fleet/fleet.ts";
import type { FleetPlan } from "../../operator/operations/apply.ts";
import { planWanted } from "../../operator/operations/apply.ts";
import { applyGeneration } from "../../operator/operations/apply_generation.ts";
import { inspectOn } from "../../operator/operations/inspect.ts";
import { survey } from "../../operator/operations/survey.ts";
import type { Operator } from "../../operator/operator.ts";
import { beginRollout, prepareRollout, takeOver } from "../../operator/rollout/begin.ts";
import { rolloutSettings } from "../../operator/rollout/settings.ts";
import { readRollout } from "../../operator/rollout/store.ts";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import { startEmbedded } from "../support/brokers.ts";
import { NodeProcess } from "../support/node_process.ts";
import { Bus as Ear } from "../support/bus.ts";

const GOOD = "function setup() {}\nfunction process() {}";
/** Its update passes, as its first call succeeds. */
const FAILS_LATE = "let calls = 0;\nfunction process() { if (++calls > 1) throw new Error('second call'); }";
const NODES = ["n1", "n2"];

Deno.test("an agent that fails at its second call never leaves the first wave", async () => {
  await using broker = await startEmbedded();
  await using ear = await Ear.connect(broker.port);
  await using nodes = new AsyncDisposableStack();
  const starts = NODES.map((name) => NodeProcess.start({ port: broker.port, name }));
  for (const node of await Promise.all(starts)) nodes.use(node);
  for (const name of NODES) await ear.on(`nodes/${name}/heartbeat`);
  await using bus = await Bus.connect({ broker: parseBroker("127.0.0.1", broker.port), access: {} });
  const operator: Operator = { bus, commander: new Commander(bus, undefined), fleet: new Fleet() };
  const { signal } = new AbortController();
  const who = { by: "ana", message: "" };
  const quiet = { signal, onStep: () => {}, onProgress: () => {} };

  const planned = async (code: string): Promise<FleetPlan> => {
    await survey(operator);
    const wanted = NODES.map((node) => ({
      node,
      config: { name: `pump-${node}`, code, poll_interval: 0.05 },
    }));
    return await planWanted(operator, "farm", wanted, false);
  };
  const roll = async (code: string) => {
    // The soak is longer than any test: only a failure ends it.
    const settings = rolloutSettings({ waves: ["1", "rest"], soak: "30d" });
    const fresh = await prepareRollout(operator, await planned(code), {
      ...who,
      settings,
      prune: false,
      isRollback: false,
    });
    if (fresh === undefined) throw new Error("there is nothing to do");
    return await beginRollout(operator, fresh, { ...quiet, by: "ana", onState: () => {} });
  };
  const codes = () =>
    Promise.all(NODES.map(async (node) => (await inspectOn(operator, node, `pump-${node}`)).config.code));

  await applyGeneration(operator, await planned(GOOD), {
    ...quiet,
    ...who,
    prune: false,
    adopts: false,
  });
  const { phase } = await roll(FAILS_LATE);
  assertEquals(phase.kind === "ended" && phase.how, "halted");
  assertStringIncludes(phase.kind === "ended" ? phase.why : "", "n1: pump-n1: process: second call");
  assertEquals(await codes(), [FAILS_LATE, GOOD]);

  const kept = await readRollout(operator, "farm");
  if (kept === undefined) throw new Error("the broker has lost it");
  const abort = { kind: "abort", reverts: true, by: "ben", isAlone: true } as const;
  const ben = { ...quiet, by: "ben", rule: { trusted: new Map(), demands: false }, onState: () => {} };
  const reverted = await takeOver(operator, kept, [abort], ben);
  assertEquals(reverted.phase.kind === "ended" && reverted.phase.how, "rolled_back");
  assertEquals(await codes(), [GOOD, GOOD]);
  // What it would change is no longer kept.
  await assertRejects(
    () => takeOver(operator, kept, [], ben),
    Error,
    "again",
  );
});
