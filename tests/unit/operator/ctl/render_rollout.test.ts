/** The progress of a roll-out in lines: who, how far, and what to paste. */
import { assertEquals, assertMatch } from "@std/assert";
import { progressLine, rolloutLines } from "../../../../operator/ctl/render/rollout.ts";
import { newRollout, type RolloutState } from "../../../../operator/rollout/state.ts";

const STATE = newRollout([["a"], ["b", "c"]], { soakMs: 1, maxFailures: 0, onFailure: "halt" });
const SOAKING = {
  ...STATE,
  phase: { kind: "soaking", nodes: ["a"], untilMs: new Date().setHours(14, 5, 0, 0) },
} as const;

function lines(state: RolloutState): string[] {
  const about = { id: "1", fleet: "farm", by: "ana", message: "calmer", executor: "1" };
  return rolloutLines({ ...about, at: Date.now() / 1000 - 70, state });
}

Deno.test("a roll-out under way is shown with the lines that pause, take over and end it", () => {
  const failed = { ...SOAKING, failures: { a: "no" }, pending: { b: "its node is off" } };
  assertEquals(lines(failed), [
    "Roll-out of fleet 'farm' by ana, 1m ago: calmer",
    "wave 1 of 2: watches a until 14:05:00",
    "failed  a: no",
    "waits  b: its node is off",
    "  agentflow rollout pause farm  begins no further wave",
    "  agentflow rollout resume farm  goes on if the machine that carries it out has died",
    "  agentflow rollout abort farm  leaves the changed nodes as they are",
    "  agentflow rollout abort farm --rollback  takes all of it back",
  ]);
});

Deno.test("a paused roll-out says so in every phase, and how it goes on", () => {
  assertEquals(
    progressLine({ ...SOAKING, isPaused: true }),
    "wave 1 of 2: watches a until 14:05:00; paused after that",
  );
  assertMatch(
    lines({ ...STATE, isPaused: true }).join("\n"),
    /^ {2}agentflow rollout resume farm {2}goes on$/m,
  );
});

Deno.test("only what was halted can still be taken back", () => {
  const ended = (how: "halted" | "done") =>
    lines({ ...STATE, phase: { kind: "ended", how, why: "" } }).filter((line) => line.includes("agentflow"));
  assertEquals(ended("halted"), ["  agentflow rollout abort farm --rollback  takes all of it back"]);
  assertEquals(ended("done"), []);
});
