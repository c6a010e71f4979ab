import { assertEquals } from "@std/assert";
import { callRoll } from "../../../../operator/operations/roll_call.ts";
import { Commander } from "../../../../operator/commander.ts";
import type { Operator } from "../../../../operator/operator.ts";
import { actorId } from "../../../../protocol/ids.ts";
import { topics } from "../../../../protocol/topics.ts";
import { settled } from "../../../support/fake_clock.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";
import { VirtualTime } from "../../../support/virtual_time.ts";

/** An operator at a broker where these nodes answer. */
async function operatorWith(broker: FakeBroker, answering: readonly string[]): Promise<Operator> {
  const { bus, fleet } = broker.operator();
  await bus.subscribe(topics.rollCall, ({ payload }) => {
    const { _reply_topic } = JSON.parse(new TextDecoder().decode(payload));
    for (const node of answering) {
      broker.publish(_reply_topic, { ok: true, node, agents: [{ name: "a", actor_id: actorId("a") }] });
    }
  });
  return { bus, fleet, commander: new Commander(bus, undefined) };
}

const birth = (node: string) =>
  [topics.nodeStatus(node), new TextEncoder().encode(`{"status":"online"}`), 0] as const;

Deno.test("nodes of which the broker keeps nothing are known by their answers", async () => {
  const operator = await operatorWith(new FakeBroker(), ["hall", "attic"]);
  assertEquals([...await callRoll(operator)], ["hall", "attic"]);
  assertEquals(operator.fleet.nodes.map(({ name, isOnline }) => [name, isOnline]), [
    ["hall", true],
    ["attic", true],
  ]);
  assertEquals(operator.fleet.instances(actorId("a")).map(({ node }) => node), ["hall", "attic"]);
});

Deno.test("a node that does not know the question is not among those who have answered", async () => {
  const operator = await operatorWith(new FakeBroker(), ["hall"]);
  for (const node of ["hall", "old"]) operator.fleet.apply(...birth(node));
  assertEquals([...await callRoll(operator, { answerMs: 1 })], ["hall"]);
});

Deno.test("as long as answers come, the others are waited for", async () => {
  using time = new VirtualTime();
  const names = ["hall", "attic", "cellar"];
  const operator = await operatorWith(new FakeBroker(), []);
  for (const node of [...names, "old"]) operator.fleet.apply(...birth(node));
  await operator.bus.subscribe(topics.rollCall, ({ payload }) => {
    const { _reply_topic } = JSON.parse(new TextDecoder().decode(payload));
    names.forEach((node, index) =>
      setTimeout(() => void operator.bus.publish(_reply_topic, { node, agents: [] }), 300 * (index + 1))
    );
  });
  const called = callRoll(operator, { answerMs: 400 });
  await settled();
  await time.advance(1300);
  assertEquals([...await called], names);
  assertEquals(time.nextMs, undefined);
});

Deno.test("what is no answer of a node is passed over", async () => {
  const broker = new FakeBroker();
  const operator = await operatorWith(broker, ["hall"]);
  operator.fleet.apply(...birth("hall"));
  await operator.bus.subscribe(topics.rollCall, () => {});
  const answers = [{ node: "a/b", agents: [] }, { node: "x" }, { node: 7, agents: [] }, "text"];
  await operator.bus.subscribe(topics.rollCall, ({ payload }) => {
    const { _reply_topic } = JSON.parse(new TextDecoder().decode(payload));
    for (const answer of answers) broker.publish(_reply_topic, answer);
  });
  await callRoll(operator);
  assertEquals(operator.fleet.nodes.map(({ name }) => name), ["hall"]);
});
