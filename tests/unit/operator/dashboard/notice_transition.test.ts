/** The engine of the notices: when one begins, is told, and ends. Time is told, never waited for. */
import { assert, assertEquals } from "@std/assert";
import {
  type NoticeEvent,
  type NoticeState,
  type NoticeTiming,
  QUIET,
  transition,
} from "../../../../operator/dashboard/server/notice/transition.ts";

const RULE: NoticeTiming = { hold_seconds: 60, calm_seconds: 30, repeat_seconds: 0, muted_until: null };

/** Plays events at their times, and lists what is told and ended: `begins@60`. */
function play(
  events: readonly (readonly [at: number, event: NoticeEvent])[],
  rule: Partial<NoticeTiming> = {},
): { readonly state: NoticeState; readonly done: readonly string[] } {
  let state = QUIET;
  const done: string[] = [];
  for (const [at, event] of events) {
    const step = transition(state, event, at, { ...RULE, ...rule });
    state = step.state;
    for (const effect of step.effects) {
      done.push(`${effect.kind === "tell" ? effect.what : "ended"}@${at}`);
    }
  }
  return { state, done };
}

const holds = (since: number, text = "off"): NoticeEvent => ({ kind: "holds", since, text });
const calm: NoticeEvent = { kind: "calm" };
const tick: NoticeEvent = { kind: "tick" };
const happened: NoticeEvent = { kind: "happened", text: "hot" };

Deno.test("a condition is told once it has held for long enough, and not before", () => {
  assertEquals(play([[0, holds(0)], [59, holds(0)]]).done, []);
  assertEquals(play([[0, holds(0)], [60, holds(0)], [61, holds(0)], [600, holds(0)]]).done, ["begins@60"]);
  assertEquals(play([[100, holds(10)]]).done, ["begins@100"], "it has held before anybody looked");
  assertEquals(play([[0, holds(0)], [30, calm], [59, holds(59)], [70, holds(59)]]).done, []);
  assertEquals(play([[0, holds(99)], [60, holds(99)]]).done, ["begins@60"], "a clock that is ahead");
});

Deno.test("a condition that comes and goes is one notice", () => {
  const flaps = play([[0, holds(0)], [60, holds(0)], [70, calm], [80, holds(80)], [90, calm], [119, tick]]);
  assertEquals(flaps.done, ["begins@60"]);
  assertEquals(transition(flaps.state, tick, 120, RULE).effects.map(({ kind }) => kind), ["tell", "ended"]);
});

Deno.test("it is told again until somebody acknowledges it, and its end is told all the same", () => {
  const rule = { hold_seconds: 0, repeat_seconds: 100, calm_seconds: 0 };
  const begun = [[0, holds(0)], [99, holds(0)], [100, tick], [200, holds(0)]] as const;
  assertEquals(play(begun, rule).done, ["begins@0", "repeats@100", "repeats@200"]);
  const acknowledged = play([...begun, [210, { kind: "acknowledged", by: "ann" }], [999, tick]], rule);
  assertEquals(acknowledged.done, ["begins@0", "repeats@100", "repeats@200"]);
  const { state } = acknowledged;
  assertEquals(state.kind === "active" && state.acknowledged, { by: "ann", at: 210 });
  assertEquals(
    play([...begun, [210, { kind: "acknowledged", by: "ann" }], [300, calm]], rule).done.slice(3),
    [
      "ends@300",
      "ended@300",
    ],
  );
});

Deno.test("what begins while its rule is muted is told afterwards, if it still holds", () => {
  const rule = { hold_seconds: 0, calm_seconds: 0, muted_until: 50 };
  assertEquals(play([[10, holds(10)], [49, tick], [50, tick]], rule).done, ["begins@50"]);
  assertEquals(play([[10, holds(10)], [20, calm]], rule).done, ["ended@20"], "its end is no news, either");
});

Deno.test("alerts of one agent are one notice that counts them, and ends when they stop", () => {
  const rule = { calm_seconds: 30 };
  const { state, done } = play([[0, happened], [1, happened], [2, happened], [31, tick]], rule);
  assertEquals(done, ["begins@0"], "whatever the rule's holding time");
  assertEquals(state.kind === "active" && [state.count, state.text], [3, "hot"]);
  assertEquals(play([[0, happened], [2, happened], [32, tick]], rule).done, [
    "begins@0",
    "ends@32",
    "ended@32",
  ]);
});

Deno.test("what is closed ends without a word", () => {
  assertEquals(play([[0, holds(0)], [60, holds(0)], [61, { kind: "closed" }]]).done, [
    "begins@60",
    "ended@61",
  ]);
  assertEquals(play([[0, holds(0)], [1, { kind: "closed" }]]), { state: QUIET, done: [] });
});

Deno.test("nothing new leaves the same state, so that nothing is written", () => {
  const pending = play([[0, holds(0)]]).state;
  assert(transition(pending, holds(5), 10, RULE).state === pending);
  const active = play([[0, holds(0)], [60, holds(0)]]).state;
  for (const event of [holds(0, "still off"), tick]) {
    assert(transition(active, event, 70, RULE).state === active);
  }
  assert(transition(QUIET, calm, 0, RULE).state === QUIET);
});

Deno.test("each message of a notice has a number of its own", () => {
  let state = QUIET;
  const numbers: number[] = [];
  const rule = { ...RULE, hold_seconds: 0, repeat_seconds: 10, calm_seconds: 0 };
  for (const [at, event] of [[0, holds(0)], [10, tick], [20, tick], [21, calm]] as const) {
    const step = transition(state, event, at, rule);
    state = step.state;
    for (const effect of step.effects) if (effect.kind === "tell") numbers.push(effect.number);
  }
  assertEquals(numbers, [1, 2, 3, 4]);
});
