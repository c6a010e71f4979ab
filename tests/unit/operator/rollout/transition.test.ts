/** The pure core of a roll-out: what comes after what. */
import { assertEquals } from "@std/assert";
import { newRollout, type RolloutEvent, type RolloutState } from "../../../../operator/rollout/state.ts";
import { transition } from "../../../../operator/rollout/transition.ts";

const LIMITS = { soakMs: 60, maxFailures: 0, onFailure: "halt" } as const;
const WAVES = [["a"], ["b", "c"]];
const OK = { kind: "ok" } as const;
const SOAKING: readonly RolloutEvent[] = [
  { kind: "begin" },
  { kind: "looked", off: [] },
  { kind: "outcomes", outcomes: { a: OK } },
];

/** Feeds events at time 0, unless they are given with a time. */
function fed(state: RolloutState, ...events: readonly (RolloutEvent | readonly [RolloutEvent, number])[]) {
  let effects: unknown[] = [];
  for (const each of events) {
    const [event, nowMs] = "kind" in each ? [each, 0] : each;
    const next = transition(state, event, nowMs);
    state = next.state;
    effects = [...next.effects];
  }
  return { state, phase: state.phase, effects };
}

Deno.test("a wave begins when the one before it has soaked, and not before", () => {
  const start = newRollout(WAVES, LIMITS);
  assertEquals(fed(start, ...SOAKING).effects, [{ kind: "soak", nodes: ["a"], untilMs: 60 }]);
  assertEquals(fed(start, ...SOAKING, [{ kind: "soaked" }, 59]).phase.kind, "soaking");
  const second = fed(start, ...SOAKING, [{ kind: "soaked" }, 60], [{ kind: "looked", off: [] }, 60]);
  assertEquals(second.effects, [{ kind: "change", nodes: ["b", "c"] }]);
  const done = fed(
    second.state,
    [{ kind: "outcomes", outcomes: { b: OK, c: OK } }, 60],
    [{ kind: "soaked" }, 120],
  );
  assertEquals(done.phase, { kind: "ended", how: "done", why: "" });
});

Deno.test("a failure in the soak halts it, and the next wave never begins", () => {
  const halted = fed(newRollout(WAVES, LIMITS), ...SOAKING, {
    kind: "unhealthy",
    node: "a",
    why: "process: no",
  });
  assertEquals(halted.phase, { kind: "ended", how: "halted", why: "a: process: no" });
  assertEquals(halted.effects, []);
  const after = fed(halted.state, [{ kind: "soaked" }, 99], { kind: "looked", off: [] }, { kind: "resume" });
  assertEquals([after.state, after.effects], [halted.state, []]);
});

Deno.test("as many failures as allowed do not stop it; with rollback, one more gives all nodes back", () => {
  const start = newRollout(WAVES, { ...LIMITS, maxFailures: 1, onFailure: "rollback" });
  const one = fed(
    start,
    { kind: "begin" },
    { kind: "looked", off: [] },
    { kind: "outcomes", outcomes: { a: { kind: "failed", why: "no" } } },
  );
  // Nobody is left to watch.
  assertEquals(one.effects, [{ kind: "look" }]);
  const two = fed(one.state, { kind: "looked", off: [] }, {
    kind: "outcomes",
    outcomes: { b: OK, c: { kind: "failed", why: "nor" } },
  });
  assertEquals(two.effects, [{ kind: "revert", nodes: ["a", "b", "c"] }]);
  assertEquals(fed(two.state, { kind: "reverted", failures: {} }).phase, {
    kind: "ended",
    how: "rolled_back",
    why: "2 nodes have failed, such as c: nor",
  });
});

Deno.test("nodes that are off come last, and others take their place", () => {
  const start = newRollout([["a"], ["b", "c"]], LIMITS);
  const first = fed(start, { kind: "begin" }, { kind: "looked", off: ["a"] });
  assertEquals([first.effects, first.state.waves], [[{ kind: "change", nodes: ["b"] }], [["b"], ["c"], [
    "a",
  ]]]);
  const last = fed({ ...first.state, wave: 2, phase: { kind: "ready" } }, { kind: "looked", off: ["a"] });
  const pending = { a: { kind: "pending", why: "off" } } as const;
  const done = fed(last.state, { kind: "outcomes", outcomes: pending });
  assertEquals([done.phase.kind, done.state.pending, done.state.failures], ["ended", { a: "off" }, {}]);
});

Deno.test("a node that goes off in a wave that is not the last one counts as failed, and its change is withdrawn", () => {
  const halted = fed(newRollout(WAVES, LIMITS), { kind: "begin" }, { kind: "looked", off: [] }, {
    kind: "outcomes",
    outcomes: { a: { kind: "pending", why: "its node is off" } },
  });
  assertEquals(halted.effects, [{ kind: "withdraw", nodes: ["a"] }]);
  const ended = fed(halted.state, { kind: "withdrawn" });
  assertEquals([ended.phase.kind, ended.state.changed, ended.state.pending], ["ended", [], {}]);
});

Deno.test("a wave waits for nodes that take the change later", () => {
  const start = newRollout([["a", "b"]], LIMITS);
  const waits = { kind: "waiting", why: "until Saturday" } as const;
  const one = fed(start, { kind: "begin" }, { kind: "looked", off: [] }, {
    kind: "outcomes",
    outcomes: { a: waits, b: OK },
  });
  assertEquals([one.phase.kind, one.effects], ["changing", []]);
  const two = fed(one.state, { kind: "outcomes", outcomes: { a: OK } });
  assertEquals(two.effects, [{ kind: "soak", nodes: ["a", "b"], untilMs: 60 }]);
  assertEquals(fed(one.state, { kind: "abort", reverts: false, by: "ana" }).effects, [
    { kind: "withdraw", nodes: ["a"] },
  ]);
});

Deno.test("while it is paused no wave begins; an abort waits until the change has been sent", () => {
  const paused = fed(newRollout(WAVES, LIMITS), ...SOAKING, { kind: "pause" }, [{ kind: "soaked" }, 60]);
  assertEquals([paused.phase.kind, paused.effects], ["ready", []]);
  assertEquals(fed(paused.state, { kind: "looked", off: [] }).effects, []);
  assertEquals(fed(paused.state, { kind: "begin" }).effects, []);
  assertEquals(fed(paused.state, { kind: "resume" }).effects, [{ kind: "look" }]);
  const sending = fed(newRollout(WAVES, LIMITS), { kind: "begin" }, { kind: "looked", off: [] }, {
    kind: "abort",
    reverts: true,
    by: "ana",
  });
  assertEquals([sending.phase.kind, sending.effects], ["changing", []]);
  const aborted = fed(sending.state, { kind: "outcomes", outcomes: { a: OK } });
  assertEquals(aborted.effects, [{ kind: "revert", nodes: ["a"] }]);
});

Deno.test("what was halted can be taken back", () => {
  const halted = fed(newRollout(WAVES, LIMITS), ...SOAKING, { kind: "overtaken", why: "ben has applied" });
  assertEquals(halted.phase, { kind: "ended", how: "halted", why: "ben has applied" });
  assertEquals(fed(halted.state, { kind: "abort", reverts: true, by: "ana" }).effects, [
    { kind: "revert", nodes: ["a"] },
  ]);
});

Deno.test("after a crash the effect of the phase comes again, and a soak begins anew", () => {
  const soaking = fed(newRollout(WAVES, LIMITS), ...SOAKING).state;
  assertEquals(fed(soaking, [{ kind: "begin" }, 50]).effects, [{ kind: "soak", nodes: ["a"], untilMs: 110 }]);
  const changing = fed(newRollout(WAVES, LIMITS), { kind: "begin" }, { kind: "looked", off: [] }).state;
  assertEquals(fed(changing, { kind: "begin" }).effects, [{ kind: "change", nodes: ["a"] }]);
});
