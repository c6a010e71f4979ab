/** Two operators who claim the next generation at once: one wins, the other is told, and what is kept is the winner's. */
import { assertEquals, assertRejects } from "@std/assert";
import { chooseBase, nextGeneration, OvertakenError } from "../../../../operator/fleet/head.ts";
import { FleetHead } from "../../../../operator/operations/claim.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const HEAD = "main/fleets/home";
const next = (head: Awaited<ReturnType<FleetHead["current"]>>, by: string) =>
  nextGeneration("home", chooseBase(head, [], false), { by, message: "why", at: 1 });

Deno.test("of two claims the first one wins, and the second one is told by whom and puts it back", async () => {
  const broker = new FakeBroker();
  using ana = await FleetHead.open(broker.operator(), "home");
  using ben = await FleetHead.open(broker.operator(), "home");
  const [hers, his] = [next(await ana.current(), "ana"), next(await ben.current(), "ben")];
  await ana.claim(undefined, hers);
  await assertRejects(
    () => ben.claim(undefined, his),
    OvertakenError,
    "Nothing has been applied: ana (generation 1, \"why\") has applied fleet 'home' at the same time",
  );
  assertEquals([broker.json(HEAD).tag, broker.json(HEAD).confirmed], [hers.tag, false]);
  await ana.confirm(hers);
  assertEquals([broker.json(HEAD).tag, broker.json(HEAD).confirmed], [hers.tag, true]);
});

Deno.test("a claim that was lost by somebody who died is overwritten by whoever has won", async () => {
  const broker = new FakeBroker();
  using ana = await FleetHead.open(broker.operator(), "home");
  const hers = next(await ana.current(), "ana");
  await ana.claim(undefined, hers);
  broker.publish(HEAD, { fleet: "home", generation: 1, tag: "1-0000000f", based_on: [], by: "ben" }, true);
  assertEquals(broker.json(HEAD).tag, hers.tag);
});

Deno.test("whoever comes while a generation is written waits until it is, and goes on from it", async () => {
  const broker = new FakeBroker();
  using ana = await FleetHead.open(broker.operator(), "home");
  const hers = next(await ana.current(), "ana");
  await ana.claim(undefined, hers);
  using ben = await FleetHead.open(broker.operator(), "home");
  const seen = ben.current();
  await ana.confirm(hers);
  const his = next(await seen, "ben");
  assertEquals([his.generation, his.basedOn], [2, [hers.tag]]);
  await ben.claim(hers.tag, his);
  await ben.confirm(his);
  // What is based on her own generation overtakes nobody.
  assertEquals(broker.json(HEAD).tag, his.tag);
});
