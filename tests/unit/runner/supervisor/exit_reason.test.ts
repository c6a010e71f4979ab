import { assertEquals } from "@std/assert";
import { exitReason } from "../../../../runner/supervisor/exit_reason.ts";

Deno.test("a process that wrote nothing is described by how it ended", () => {
  assertEquals(exitReason("exited with code 7", ""), "process exited with code 7");
});

Deno.test("the last line on stderr is the reason", () => {
  assertEquals(
    exitReason("exited with code 1", "warning: old\n  error: no such thing  \n\n"),
    "process exited with code 1: error: no such thing",
  );
});

Deno.test("what V8 dies of is the reason, not the stack of addresses after it", () => {
  const tail = "#\n# Fatal JavaScript out of memory: Reached heap limit\n#\n" +
    "==== C stack trace ===============================\n\n    deno(+0x28b0d2e) [0x561eba2f2d2e]";
  assertEquals(
    exitReason("was killed by SIGTRAP", tail),
    "process was killed by SIGTRAP: Fatal JavaScript out of memory: Reached heap limit",
  );
});
