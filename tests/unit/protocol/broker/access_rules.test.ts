import { assertEquals } from "@std/assert";
import {
  type BrokerUser,
  dataFilterError,
  mayPublish,
  maySubscribe,
  rulesOf,
} from "../../../../protocol/broker/access_rules.ts";
import { discoveryTopic } from "../../../../protocol/home_assistant.ts";
import { nodeId } from "../../../../protocol/ids.ts";

const DATA = ["sensors/#"];

function rights(user: BrokerUser, prefix?: string) {
  const rules = rulesOf(user, DATA, prefix);
  return {
    publish: (...topics: string[]) => topics.filter((topic) => mayPublish(rules, topic)),
    subscribe: (...filters: string[]) => filters.filter((filter) => maySubscribe(rules, filter)),
  };
}

Deno.test("only operators command nodes", () => {
  const commands = ["nodes/hall/spawn", "nodes/hall/stop_all", "agents/by-name/x/task", "main/reply/1"];
  const operator = rights({ name: "me", role: "operator", migrate: false });
  assertEquals(operator.publish(...commands, "sensors/x", "$SYS/x"), commands);
  assertEquals(operator.subscribe("#", "nodes/+/status", "$SYS/#"), ["#", "nodes/+/status"]);
  const other = rights({ name: "ha", role: "agents", migrate: false });
  assertEquals(other.publish(...commands, "sensors/x", "hall/x/detections"), ["sensors/x"]);
  assertEquals(other.subscribe("#", "+/x", "sensors/+/t", "sensors", "nodes/#"), ["sensors/+/t", "sensors"]);
});

Deno.test("a node has its own topics, and answers others; it commands others where agents move", () => {
  const topics = ["nodes/hall/heartbeat", "nodes/attic/reply/1", "hall/x/detections", "nodes/attic/spawn"];
  const filters = ["nodes/hall/spawn", "agents/by-name/+/task", "nodes/attic/spawn", "nodes/attic/status"];
  const still = rights({ name: "hall", role: "node", migrate: false });
  assertEquals(still.publish(...topics, "attic/x/detections"), topics.slice(0, 3));
  assertEquals(still.subscribe(...filters), filters.slice(0, 2));
  const moving = rights({ name: "hall", role: "node", migrate: true });
  assertEquals(moving.publish(...topics), topics);
  assertEquals(moving.subscribe(...filters), [...filters.slice(0, 2), filters[3]]);
});

Deno.test("a node announces itself alone to Home Assistant, which reads all and turns switches", () => {
  const [own, other] = ["hall", "attic"].map((node) => discoveryTopic("ha", nodeId(node)));
  const all = [own ?? "", other ?? "", "homeassistant/status", "ha/sensor/x/config"];
  const hall = { name: "hall", role: "node", migrate: false } as const;
  assertEquals(rights(hall, "ha").publish(...all), [own]);
  assertEquals(rights(hall, "ha").subscribe(...all, "ha/#"), [own, "homeassistant/status"]);
  assertEquals([rights(hall).publish(...all), rights(hall).subscribe(...all)], [[], []]);
  const ha = rights({ name: "ha", role: "home-assistant", migrate: false }, "ha");
  const read = ["ha/#", "nodes/+/status", "agents/#"];
  assertEquals(ha.subscribe(...read, "nodes/+/spawn", "main/reply/#"), read);
  assertEquals(
    ha.publish("agents/by-name/lamp/task", "homeassistant/status", "nodes/hall/spawn", own ?? ""),
    [
      "agents/by-name/lamp/task",
      "homeassistant/status",
    ],
  );
  const me = rights({ name: "me", role: "operator", migrate: false }, "ha");
  assertEquals(me.publish(...all), [own, other]);
});

Deno.test("filters for data are none that command nodes or forge their detections", () => {
  const isGood = (filter: string) => dataFilterError(filter, ["hall"]) === undefined;
  assertEquals(["#", "+/x", "nodes/x", "hall/#", "a/#/b", "home/#", "attic/+/x"].filter(isGood), [
    "home/#",
    "attic/+/x",
  ]);
});
