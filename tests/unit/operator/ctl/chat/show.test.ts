/** What tools come back with, for people: nothing in it moves the cursor. */
import { assertEquals } from "@std/assert";
import { linesFor } from "../../../../../operator/ctl/chat/show.ts";

const view = { colour: false, width: Infinity };

Deno.test("a failure shows phase, error and stack", () => {
  const value = {
    phase: "setup",
    error: "no sensor",
    traceback: "Error: no sensor\n    at setup (a.ts:2:9)",
    rolledBack: true,
  };
  assertEquals(linesFor("update_agent", { ok: false, value }, view), [
    "Failed in setup: no sensor",
    "  Error: no sensor",
    "      at setup (a.ts:2:9)",
    "The code before runs again",
  ]);
});

Deno.test("control characters of others are shown as such", () => {
  const value = { lines: [{ level: "info", agent: "a", message: "\u001b[2Jgone\u202E" }] };
  assertEquals(linesFor("read_logs", { ok: true, value }, view), ["info     a: \uFFFD[2Jgone\uFFFD"]);
});
