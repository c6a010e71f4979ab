/** Which agents move because their node is away, and for how long it must have been. */
import { assertEquals, assertThrows } from "@std/assert";
import { Absences, dueMoves, failoversOf } from "../../../../operator/failover/decide.ts";
import { parseFleet } from "../../../../operator/fleet/fleet_file.ts";
import { wantedAgents } from "../../../../operator/operations/plan.ts";
import { ConfigError } from "../../../../protocol/config/config_error.ts";

const entry = (fields: Readonly<Record<string, unknown>>) =>
  parseFleet(JSON.stringify({ agents: [{ name: "x", code: "1", ...fields }] }), "fleet.json").entries;
const ENTRIES = entry({ nodes: ["a", "b", "c"], failover: "10m" });

/** @param away since when each node is away, milliseconds */
function due(away: Readonly<Record<string, number>>, home: string | undefined, nowMs = 1_000_000) {
  const absences = new Absences();
  for (const [node, sinceMs] of Object.entries(away)) absences.note([node], () => false, sinceMs);
  absences.note(["a", "b", "c"].filter((node) => !(node in away)), () => true, nowMs);
  return dueMoves(failoversOf(ENTRIES), () => home, absences).map(({ from, to }) => `${from} → ${to}`);
}

Deno.test("an agent moves when its node has been away for so long, to the first of its nodes that is there", () => {
  assertEquals(due({ a: 400_000 }, "a"), ["a → b"]);
  assertEquals(due({ a: 400_001 }, "a"), []);
  assertEquals(due({ a: 0, b: 999_999 }, "a"), ["a → c"]);
  assertEquals(due({ a: 0, b: 0, c: 0 }, "a"), []);
  assertEquals(due({ b: 0 }, "b"), ["b → a"]);
  assertEquals(due({ a: 0 }, "b"), []);
  // It was never applied, or somebody has placed it on another node.
  assertEquals([due({ a: 0 }, undefined), due({ a: 0 }, "hall")], [[], []]);
});

Deno.test("a node that comes back, and a time of hearing nothing, let the counting begin anew", () => {
  const absences = new Absences();
  absences.note(["a"], () => false, 0);
  absences.note(["a"], () => true, 10);
  absences.note(["a"], () => false, 20);
  absences.note(["a"], () => false, 50);
  assertEquals(absences.awayMs("a"), 30);
  absences.forget();
  absences.note(["a"], () => false, 60);
  assertEquals(absences.awayMs("a"), 0);
});

Deno.test("such an entry is one agent: where it runs already, else on the first node that is there", () => {
  const node = (name: string, isOnline: boolean, agents: readonly string[] = []) => ({
    name,
    isOnline,
    labels: {},
    hasLabels: true,
    agents: new Map(agents.map((agent) => [agent, undefined] as const)),
  });
  const home = (...nodes: ReturnType<typeof node>[]) =>
    wantedAgents(ENTRIES, nodes, () => undefined).map(({ node }) => node);
  assertEquals(home(), ["a"]);
  assertEquals(home(node("a", true), node("b", true)), ["a"]);
  assertEquals(home(node("a", false), node("b", true)), ["b"]);
  assertEquals(home(node("a", true), node("b", true, ["x"])), ["b"]);
  // Whether to give up a node that is off is the watchdog's decision.
  assertEquals(home(node("a", false, ["x"]), node("b", true)), ["a"]);
  assertEquals(home(node("a", false, ["x"]), node("b", true, ["x"])), ["b"]);
});

Deno.test("a failover without a choice of nodes, or of a time that is none, is refused", () => {
  const refused: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ node: "a", failover: "1m" }, "failover needs at least two nodes"],
    [{ nodes: ["a", "a"], failover: "1m" }, "failover needs at least two nodes"],
    [{ labels: { room: "hall" }, failover: "1m" }, "failover needs at least two nodes"],
    [{ nodes: ["a", "b"], failover: "soon" }, "A time is such as"],
    [{ nodes: ["a", "b"], failover: "0s" }, "failover must be above 0"],
    [{ nodes: ["a", "b"], failover: "1m", name: "x-{node}" }, "its name must not contain {node}"],
  ];
  for (const [fields, words] of refused) assertThrows(() => entry(fields), ConfigError, words);
});
