/** Forgetting a node: all that the broker keeps of it goes, and nothing else. */
import { assertEquals, assertRejects } from "@std/assert";
import { forgetNode } from "../../../../operator/operations/forget.ts";
import { OperationError } from "../../../../operator/operator.ts";
import { discoveryTopic } from "../../../../protocol/home_assistant.ts";
import { actorId, nodeId } from "../../../../protocol/ids.ts";
import { topics } from "../../../../protocol/topics.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const manifest = (name: string) => `agents/${actorId(name)}/manifest`;

/** `attic` is off with `pump`; `moved` was there before it came to `hall`. */
function scene() {
  const broker = new FakeBroker();
  broker.publish("nodes/attic/status", { node: "attic", status: "offline" }, true);
  broker.publish("nodes/hall/status", { node: "hall", status: "online" }, true);
  for (const command of ["spawn", "desired_state", "generations/home", "generations/garden"]) {
    broker.publish(`nodes/attic/${command}`, { agents: [] }, true);
  }
  for (const node of ["attic", "hall"]) {
    broker.publish(discoveryTopic("my/ha", nodeId(node)), { cmps: {} }, true);
  }
  broker.publish(discoveryTopic("homeassistant", nodeId("attic")), { cmps: {} }, true);
  broker.publish(topics.reading(actorId("pump"), "flow"), { value: 1 }, true);
  broker.publish(topics.switchState(actorId("pump"), "valve"), { on: true }, true);
  broker.publish(topics.reading(actorId("moved"), "flow"), { value: 1 }, true);
  broker.publish("nodes/hall/desired_state", { agents: [] }, true);
  broker.publish(manifest("pump"), { name: "pump", node: "attic" }, true);
  broker.publish(manifest("moved"), { name: "moved", node: "hall" }, true);
  const operator = broker.operator();
  for (const [topic, payload] of broker.kept) operator.fleet.apply(topic, payload, Date.now());
  operator.fleet.apply(
    "nodes/hall/heartbeat",
    new TextEncoder().encode(JSON.stringify({ agents: ["moved"] })),
    Date.now(),
  );
  return { broker, operator };
}

Deno.test("what the broker keeps of a node that is gone is removed, with the manifests of its agents", async () => {
  const { broker, operator } = scene();
  assertEquals(await forgetNode(operator, "attic"), ["pump"]);
  assertEquals([...broker.kept.keys()], [
    "nodes/hall/status",
    discoveryTopic("my/ha", nodeId("hall")),
    topics.reading(actorId("moved"), "flow"),
    "nodes/hall/desired_state",
    manifest("moved"),
  ]);
  assertEquals([operator.fleet.node("attic"), operator.fleet.agent(actorId("pump"))], [undefined, undefined]);
});

Deno.test("a node that is online, or that nobody knows, is not forgotten", async () => {
  const { broker, operator } = scene();
  const before = broker.kept.size;
  await assertRejects(() => forgetNode(operator, "hall"), OperationError, "agentflow stop-all hall");
  await assertRejects(() => forgetNode(operator, "moon"), OperationError, "Unknown node 'moon'");
  assertEquals(broker.kept.size, before);
});
