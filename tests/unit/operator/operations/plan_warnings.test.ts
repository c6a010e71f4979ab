/** What a fleet file most likely has wrong: misspelt nodes and labels. */
import { assertEquals } from "@std/assert";
import { parseFleetFile } from "../../../../operator/fleet/fleet_file.ts";
import type { ActualNode } from "../../../../operator/operations/plan.ts";
import { riskWarnings, targetWarnings } from "../../../../operator/operations/plan_warnings.ts";

const node = (name: string, labels: Record<string, string>, hasLabels = true): ActualNode => ({
  name,
  isOnline: true,
  labels,
  hasLabels,
  agents: new Map(),
});
const NODES = [node("kitchen", { room: "kitchen" }), node("cellar", { room: "cellar", heating: "yes" })];
const warnings = (nodes: readonly ActualNode[], ...targets: unknown[]) =>
  targetWarnings(
    parseFleetFile(
      JSON.stringify({
        agents: targets.map((target) => ({ name: "x-{node}", code: "1", ...target as object })),
      }),
      "f",
    ),
    nodes,
  );

Deno.test("a node that nobody has seen is warned of, with the nearest name", () => {
  assertEquals(warnings(NODES, { nodes: ["kitchen", "kitchne"] }, { node: "moon" }), [
    "'x-{node}' is for node 'kitchne', and no node of this name has been seen: did you mean 'kitchen'?",
    "'x-{node}' is for node 'moon', and no node of this name has been seen",
  ]);
});

Deno.test("labels that match nobody are warned of, with the labels that are near", () => {
  assertEquals(warnings(NODES, { labels: { room: "kitchen" } }), []);
  assertEquals(warnings(NODES, { labels: { room: "attic" } }), [
    "'x-{node}' is for no node: none has the label room=attic: there is room=cellar, room=kitchen",
  ]);
  assertEquals(warnings(NODES, { labels: { heatin: "yes" } }), [
    "'x-{node}' is for no node: none has the label heatin=yes: there is heating=yes",
  ]);
  assertEquals(warnings(NODES, { labels: { room: "kitchen", heating: "yes" } }), [
    "'x-{node}' is for no node: none has all of room=kitchen, heating=yes",
  ]);
});

Deno.test("nodes whose labels are not known are named, where it matters", () => {
  const nodes = [...NODES, node("attic", {}, false)];
  assertEquals(warnings(nodes, { node: "kitchen" }), []);
  assertEquals(warnings(nodes, { labels: { room: "cellar" } }), [
    "Entries with labels pass over attic: what labels a node has is not known while it is off and its runner is of " +
    "an earlier version",
  ]);
});

Deno.test("a start of an agent that waits on a node that is off is warned of, with what it risks", () => {
  const off = { ...node("attic", {}), isOnline: false, agents: new Map([["x", undefined]]) };
  const start = { kind: "start" as const, node: "cellar", agent: "x", config: { name: "x" } };
  assertEquals(riskWarnings([start, { ...start, agent: "y" }], [...NODES, off]), [
    "Node 'attic' is off: it stops its 'x' when it is back and hears of this one. Until then both run if it is only " +
    "cut off from the broker. What the agent has persisted stays there",
  ]);
});
