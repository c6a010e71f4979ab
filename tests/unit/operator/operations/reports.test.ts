/** Log lines and traffic: who said what, and who wants to see it. */
import { assertEquals } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { isOf, logFilters, readLine } from "../../../../operator/operations/reports.ts";
import { isWanted, type TrafficFilter } from "../../../../operator/operations/traffic.ts";

const message = (topic: string, value: unknown) => ({
  topic,
  payload: new TextEncoder().encode(JSON.stringify(value)),
  retained: false,
});

Deno.test("an agent's line tells its agent, node and level", () => {
  const line = readLine(
    message("agents/id/logs", { type: "log", message: "m", agent: "a", node: "n", level: "warning" }),
  );
  assertEquals([line?.kind, line?.agent, line?.node, line?.level, line?.message], [
    "log",
    "a",
    "n",
    "warning",
    "m",
  ]);
});

Deno.test("a node's own line tells its node, and the agent it is about", () => {
  const line = readLine(
    message("agents/hall/logs", { type: "error", message: "m", child_name: "a", node: "hall" }),
  );
  assertEquals([line?.kind, line?.agent, line?.node, line?.level], ["error", "a", "hall", "error"]);
  // A peer that does not say its name is known by the topic.
  assertEquals(readLine(message("agents/hall/logs", { message: "m" }))?.node, "hall");
});

Deno.test("an error tells its phase and its stack", () => {
  const line = readLine(
    message("agents/id/errors", {
      phase: "setup",
      severity: "fatal",
      error: "e",
      traceback: "t",
      agent: "a",
    }),
  );
  assertEquals([line?.kind, line?.phase, line?.level, line?.message, line?.traceback], [
    "error",
    "setup",
    "fatal",
    "e",
    "t",
  ]);
});

Deno.test("what is no line is none", () => {
  for (
    const [topic, value] of [["agents/id/logs", {}], ["agents/id/heartbeat", { message: "m" }], [
      "x/id/logs",
      { message: "m" },
    ]] as const
  ) {
    assertEquals(readLine(message(topic, value)), undefined, topic);
  }
});

Deno.test("a target is an agent, or a node and its agents", () => {
  const line = readLine(message("agents/id/logs", { message: "m", agent: "a", node: "n" }));
  if (line === undefined) throw new Error("it is one");
  assertEquals(["a", "n", "x", undefined].map((target) => isOf(line, target)), [true, true, false, true]);
  assertEquals(logFilters("a").includes(`agents/${actorId("a")}/logs`), true);
  assertEquals(logFilters("no name/#"), ["agents/+/logs"]);
});

const ALL: TrafficFilter = {
  topics: ["#"],
  agent: undefined,
  nodes: undefined,
  text: undefined,
  heartbeats: false,
};

Deno.test("traffic is chosen by topic, agent, node and text, and signs of life are left out", () => {
  const wanted = (filter: Partial<TrafficFilter>, topic: string, value: unknown) =>
    isWanted({ ...ALL, ...filter }, message(topic, value));
  assertEquals(wanted({}, "sensors/x", 1), true);
  assertEquals(wanted({}, "nodes/n/heartbeat", {}), false);
  assertEquals(wanted({ heartbeats: true }, "nodes/n/heartbeat", {}), true);
  assertEquals(wanted({ topics: ["a/#", "sensors/+"] }, "sensors/x", 1), true);
  assertEquals(wanted({ topics: ["a/#"] }, "sensors/x", 1), false);
  assertEquals(wanted({ agent: "a" }, `agents/${actorId("a")}/logs`, {}), true);
  assertEquals(wanted({ agent: "a" }, "agents/n/logs", { child_name: "a" }), true);
  assertEquals(wanted({ agent: "a" }, "agents/n/logs", { child_name: "b" }), false);
  assertEquals(wanted({ nodes: new Set(["n", "m"]) }, "nodes/n/spawn", {}), true);
  assertEquals(wanted({ nodes: new Set(["n", "m"]) }, "agents/id/logs", { node: "n" }), true);
  assertEquals(wanted({ nodes: new Set(["m"]) }, "agents/id/logs", { node: "n" }), false);
  assertEquals(wanted({ text: "COLD" }, "sensors/x", { word: "cold" }), true);
  assertEquals(wanted({ text: "warm" }, "sensors/x", { word: "cold" }), false);
});
