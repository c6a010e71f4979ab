/** What the rules of the notices are judged by. */
import { assertEquals } from "@std/assert";
import type { Watch } from "../../../../operator/dashboard/notice_wire.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";
import { happening, observe, type View } from "../../../../operator/dashboard/server/notice/observe.ts";

const NOW = 1_000_000;
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function scene() {
  const model = new Model();
  const say = (topic: string, payload: unknown, at = NOW) => model.apply(topic, bytes(payload), at * 1000);
  const view = (now = NOW, broker: View["broker"] = { connected: true, since: 0 }): View => ({
    nodes: model.nodes.map((node) => ({
      ...node,
      isOn: model.nodeState(node.name, now * 1000) === "online",
    })),
    agents: model.agents,
    readings: (filter, field) => model.latestReadings(filter, field),
    broker,
  });
  const judge = (watch: Watch, now = NOW, broker?: View["broker"], hold_seconds = 0) =>
    observe({ watch, hold_seconds }, view(now, broker), now).map(({ subject, event }) =>
      `${subject}: ${event.kind}${event.kind === "holds" ? ` since ${event.since}: ${event.text}` : ""}`
    );
  return { model, say, judge };
}

Deno.test("a node is off when it says so or is not heard, and names may be patterns", () => {
  const { say, judge } = scene();
  for (const node of ["hall-1", "hall-2", "attic"]) say(`nodes/${node}/heartbeat`, { node, agents: [] });
  say("nodes/hall-2/heartbeat", { node: "hall-2", status: "offline" });
  const watch: Watch = { kind: "node_off", node: "hall-*" };
  assertEquals(judge(watch), ["hall-1: calm", `hall-2: holds since ${NOW}: Node 'hall-2' is off`]);
  assertEquals(judge(watch, NOW + 3600)[0], `hall-1: holds since ${NOW}: Node 'hall-1' is off`);
});

Deno.test("an agent whose state nobody knows is not judged", () => {
  const { say, judge } = scene();
  say("agents/1/heartbeat", { name: "alpha", node: "attic", state: "running" });
  say("agents/2/heartbeat", { name: "beta", node: "attic", state: "failed" });
  say("agents/3/manifest", { name: "gamma" });
  const watch: Watch = { kind: "agent_state", agent: "*", states: ["failed"] };
  assertEquals(judge(watch), ["alpha: calm", `beta: holds since ${NOW}: Agent 'beta' on attic has failed`]);
});

Deno.test("a reading is judged by its newest value, and its words have unit and limit", () => {
  const { model, judge } = scene();
  const say = (topic: string, payload: unknown) => model.applyReading(topic, bytes(payload), NOW * 1000);
  say("sensors/hall/temperature", { value: 31.5, unit: "°C" });
  say("sensors/attic/temperature", { value: 12, unit: "°C" });
  const watch = { kind: "reading", topic: "sensors/+/temperature", field: "value", limit: 28 } as const;
  assertEquals(judge({ ...watch, compare: "above" }), [
    `sensors/hall/temperature value: holds since ${NOW}: sensors/hall/temperature (value) is 31.5 °C, above 28`,
    "sensors/attic/temperature value: calm",
  ]);
  assertEquals(judge({ ...watch, compare: "below" }).map((line) => line.split(": ")[1]), [
    "calm",
    `holds since ${NOW}`,
  ]);
  assertEquals(judge({ ...watch, compare: "above", field: "other" }), []);
});

Deno.test("silence counts from the last value or from the connection, whichever is later", () => {
  const { model, judge } = scene();
  const watch = { kind: "reading", topic: "a", field: "", compare: "missing", limit: 0 } as const;
  const broker = { connected: true, since: NOW };
  const since = (at: number, connection = broker) =>
    judge(watch, at, connection, 60).map((line) => line.split(": ")[1]);
  assertEquals(since(NOW + 59), ["calm"]);
  assertEquals(since(NOW + 60), [`holds since ${NOW}`], "it has never come");
  model.applyReading("a", bytes(5), (NOW + 70) * 1000);
  assertEquals(since(NOW + 80), ["calm"], "the pause between two values is none of its business");
  assertEquals(since(NOW + 130), [`holds since ${NOW + 70}`]);
  assertEquals(since(NOW + 130, { connected: true, since: NOW + 100 }), ["calm"]);
});

Deno.test("without a broker, only the broker is judged", () => {
  const { say, judge } = scene();
  say("nodes/attic/heartbeat", { node: "attic", status: "offline", agents: [] });
  const away = { connected: false, since: NOW - 5 };
  assertEquals(judge({ kind: "node_off", node: "*" }, NOW, away), []);
  assertEquals(judge({ kind: "broker_off" }, NOW, away), [
    `broker: holds since ${NOW - 5}: The dashboard has no connection to the broker`,
  ]);
  assertEquals(judge({ kind: "broker_off" }), ["broker: calm"]);
});

Deno.test("an alert is for the rules of its agent and of its severity", () => {
  const alert = (severity: "info" | "error") => ({
    ...{ seq: 1, time: NOW, node: "attic", agent: "alpha", actor_id: "1", message: "hot" },
    severity,
  });
  const watch: Watch = { kind: "alert", agent: "al*", severity: "warning" };
  assertEquals(happening(watch, alert("error")), {
    subject: "alpha",
    event: { kind: "happened", text: "'alpha' alerts: hot" },
  });
  assertEquals(happening(watch, alert("info")), undefined);
  assertEquals(happening({ ...watch, agent: "b*" }, alert("error")), undefined);
});
