/** Two operators who claim the next generation at once: one wins, the other is told, and what is kept is the winner's. */
import { assertEquals, assertRejects } from "@std/assert";
import { chooseBase, nextGeneration, OvertakenError } from "../../../../operator/fleet/head.ts";
import { FleetHead } from "../../../../operator/operations/claim.ts";
import { OperationError } from "../../../../operator/operator.ts";
import { settled } from "../../../support/fake_clock.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";
import { UnrulyBroker } from "../../../support/unruly_broker.ts";
import { VirtualTime } from "../../../support/virtual_time.ts";

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

Deno.test("who was cut off while it was decided does not take himself for the winner", async () => {
  using time = new VirtualTime();
  const broker = new UnrulyBroker();
  const [ana, ben] = [broker.operator(), broker.operator()];
  const flow = async () => {
    for (let left = 20; left > 0; left--) {
      for (const { line } of [ana, ben]) for (; line.toBroker() || line.toClient(););
      await settled();
    }
  };
  const opening = [ana, ben].map(({ operator }) => FleetHead.open(operator, "home"));
  await flow();
  const [hers, his] = await Promise.all(opening);
  if (hers === undefined || his === undefined) throw new Error("both are open");
  using _heads = { [Symbol.dispose]: () => [hers, his].forEach((head) => head[Symbol.dispose]()) };
  // His claim comes first; what tells her is lost with her connection.
  const won = his.claim(undefined, next(undefined, "ben"));
  ben.line.toBroker();
  const lost = hers.claim(undefined, next(undefined, "ana"));
  ana.line.toBroker();
  ana.line.cut(false);
  ana.line.mend();
  const refused = assertRejects(() => lost, OperationError, "the connection to the broker was lost");
  await flow();
  await won;
  await refused;
  // He says that he is still writing.
  await time.advance(2000);
  await flow();
  assertEquals(JSON.parse(new TextDecoder().decode(broker.kept.get(HEAD))).by, "ben");
});
