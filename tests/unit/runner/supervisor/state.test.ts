import { assertEquals } from "@std/assert";
import {
  type AgentState,
  INITIAL_STATE,
  type Phase,
  visibleState,
} from "../../../../runner/supervisor/state.ts";

const state = (phase: Phase, more: Partial<AgentState> = {}): AgentState => ({
  ...INITIAL_STATE,
  phase,
  ...more,
});
const failed = { kind: "failed", phase: "setup", error: "e" } as const;

Deno.test("nothing is seen of an agent before its code is loaded for the first time", () => {
  assertEquals(visibleState(state({ kind: "installing" })), undefined);
  assertEquals(visibleState(state({ kind: "launching" })), undefined);
  assertEquals(visibleState(state({ kind: "failing", outcome: failed })), undefined);
});

Deno.test("an agent that waits for its restart, or loads again, is restarting", () => {
  assertEquals(visibleState(state({ kind: "waiting", generation: 1 }, { generation: 1 })), "restarting");
  assertEquals(visibleState(state({ kind: "launching" }, { generation: 1 })), "restarting");
});

Deno.test("an agent is running from its setup() until its process has ended", () => {
  for (const kind of ["setup", "running"] as const) assertEquals(visibleState(state({ kind })), "running");
  assertEquals(visibleState(state({ kind: "stopping", reason: "stop" })), "running");
  assertEquals(visibleState(state({ kind: "crashing", reason: "r", traceback: "", hung: false })), "running");
});

Deno.test("an agent that is paused is seen as paused, one that hangs as unresponsive", () => {
  for (const kind of ["setup", "running"] as const) {
    assertEquals(visibleState(state({ kind }, { paused: true })), "paused");
  }
  assertEquals(
    visibleState(state({ kind: "crashing", reason: "r", traceback: "", hung: true })),
    "unresponsive",
  );
});

Deno.test("an agent that has ended is seen as what it ended as", () => {
  assertEquals(visibleState(state({ kind: "ended", outcome: failed })), "failed");
  assertEquals(
    visibleState(state({ kind: "ended", outcome: { kind: "stopped", reason: "stop" } })),
    "stopped",
  );
});
