import { assertEquals } from "@std/assert";
import { createLogger } from "../../../runner/logger.ts";

function logged(message: string): string {
  const lines: string[] = [];
  createLogger("INFO", (line) => lines.push(line)).info(message);
  return lines.join("\n").replace(/^\S+ /, "");
}

Deno.test("what others say cannot move the cursor or turn the text around", () => {
  assertEquals(logged("a\u001b[2Jb\u009bc\u202ed\r"), "INFO    a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFD");
});

Deno.test("what others say cannot begin a line as if it were the node's", () => {
  const forged = "2026-11-25T00:00:00.000Z ERROR   forged";
  assertEquals(logged(`first\n${forged}\u2028${forged}`), `INFO    first\n    ${forged}\n    ${forged}`);
});
