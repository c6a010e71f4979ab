/** How far a node is with a generation, by what it reports. */
import { assertEquals } from "@std/assert";
import { desiredIn, nodeStatus, reportIn } from "../../../../operator/fleet/node_status.ts";

const TAG = "2-00000002";
const about = { fleet: "home", generation: 2, tag: TAG, based_on: ["1-00000001"], by: "ana" };
const report = (fields: Record<string, unknown>) =>
  reportIn({ ...about, done: true, agents: {}, ...fields }, "home");
const kind = (fields: Record<string, unknown>, isOnline = true) => nodeStatus(TAG, report(fields), isOnline);

Deno.test("a node is done once all of its agents have an outcome, and none has failed", () => {
  assertEquals(kind({ agents: { a: { state: "running" }, b: { state: "kept" } } }), { kind: "done" });
  assertEquals(kind({ agents: { a: { state: "failed", error: "no" } } }), {
    kind: "failed",
    errors: [["a", "no"]],
  });
  assertEquals(kind({ agents: { a: { state: "starting" } } }), {
    kind: "pending",
    why: "a has not finished",
  });
  assertEquals(kind({ done: false }).kind, "pending");
});

Deno.test("a node that has another generation is pending, or has refused this one", () => {
  const other = { tag: "1-00000001", generation: 1 };
  assertEquals(kind(other), { kind: "pending", why: "its node has not taken it yet" });
  assertEquals(kind(other, false), { kind: "pending", why: "its node is off" });
  assertEquals(kind({ ...other, refused: { tag: TAG, reason: "because" } }), {
    kind: "refused",
    reason: "because",
  });
  assertEquals(nodeStatus(TAG, undefined, false).kind, "pending");
});

Deno.test("what waits for a node is read with or without a signature around it, and only of its fleet", () => {
  const message = { ...about, agents: [{ name: "a" }, 7] };
  assertEquals(desiredIn(message, "home")?.agents, [{ name: "a" }]);
  assertEquals(desiredIn({ ...message, _jws: "x.y.z" }, "home")?.generation.tag, TAG);
  assertEquals(desiredIn(message, "other"), undefined);
  assertEquals(desiredIn({ agents: [] }, "home"), undefined);
});

Deno.test("a node that waits for its window is pending until then", () => {
  const tag = TAG;
  const until = Date.parse("2026-11-28T01:00Z") / 1000;
  const waits = reportIn({ waiting: { tag, until }, agents: {} }, "home");
  assertEquals(nodeStatus(tag, waits, true), {
    kind: "pending",
    why: "it is outside its window, which opens at 2026-11-28 01:00 UTC",
    untilMs: until * 1000,
  });
  assertEquals(nodeStatus("3-00000003", waits, true).kind, "pending");
});
