/** What journald is told of a line. */
import { assertEquals } from "@std/assert";
import { journalLine, leadsToJournal } from "../../../../runner/service/journal.ts";

Deno.test("lines have their priority for journald, each line of a message its own", () => {
  assertEquals(journalLine("all is well", "INFO"), "<6>all is well");
  assertEquals(journalLine("first\nsecond", "WARNING"), "<4>first\n<4>second");
  assertEquals(journalLine("no", "ERROR"), "<3>no");
});

Deno.test("standard error leads to journald only when it is the stream that systemd has opened", () => {
  assertEquals(leadsToJournal("8:42", { dev: 8, ino: 42 }), true);
  assertEquals(leadsToJournal("8:42", { dev: 8, ino: 43 }), false);
  assertEquals(leadsToJournal(undefined, { dev: 8, ino: 42 }), false);
  assertEquals(leadsToJournal("8:42", undefined), false);
});
