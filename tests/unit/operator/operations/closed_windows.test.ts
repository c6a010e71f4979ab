/** Which steps wait for a window. */
import { assertEquals } from "@std/assert";
import { newNode } from "../../../../operator/fleet/views.ts";
import { closedFor, windowsOf } from "../../../../operator/operations/closed_windows.ts";

const NOW = Date.parse("2026-11-27T12:00Z");
const SATURDAY = "Sat 02:00-04:00 Europe/Berlin";
const fleet = {
  node: (name: string) => ({
    ...newNode(name),
    window: name === "attic" ? SATURDAY : name === "odd" ? "?" : undefined,
  }),
};
const wanted = [
  { node: "hall", config: { name: "a" }, window: SATURDAY },
  { node: "hall", config: { name: "b" } },
];
const why = "it is outside its window, which opens at 2026-11-28 01:00 UTC: apply again then";

Deno.test("a command waits for the windows of its agent, and of both nodes of a move", () => {
  const closed = (step: Parameters<typeof closedFor>[0]) => closedFor(step, wanted, fleet, NOW);
  assertEquals(closed({ kind: "stop", node: "attic", agent: "x" }), why);
  assertEquals(closed({ kind: "move", node: "hall", agent: "b", from: "attic" }), why);
  assertEquals(closed({ kind: "start", node: "hall", agent: "a", config: { name: "a" } }), why);
  assertEquals(closed({ kind: "start", node: "hall", agent: "b", config: { name: "b" } }), undefined);
  assertEquals(closed({ kind: "stop", node: "odd", agent: "x" }), undefined);
  const open = Date.parse("2026-11-28T01:00Z");
  assertEquals(closedFor({ kind: "stop", node: "attic", agent: "x" }, wanted, fleet, open), undefined);
});

Deno.test("a node is told the windows of the agents that change there", () => {
  assertEquals(windowsOf("hall", wanted, []), [SATURDAY]);
  assertEquals(windowsOf("hall", wanted, [{ kind: "keep", node: "hall", agent: "a" }]), []);
  assertEquals(windowsOf("attic", wanted, []), []);
});
