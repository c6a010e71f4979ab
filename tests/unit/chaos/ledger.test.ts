/** The bookkeeping of chaos finds what it is there to find. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Habit, Said } from "../../chaos/agents.ts";
import { Ledger } from "../../chaos/ledger.ts";

/** What instance `nonce` on node a says with number `n`, at `n` milliseconds, unless told otherwise. */
function said(nonce: string, n: number, more: Partial<Said> = {}): Said {
  return { n, at: n, nonce, node: "a", recalled: 0, kept: n, acknowledged: null, ...more };
}

function ledgerOf(messages: readonly Said[], habit: Habit = "publishes first"): Ledger {
  const ledger = new Ledger("x", habit);
  for (const message of messages) ledger.came(message);
  return ledger;
}

const acknowledged = (nonce: string, from: number, to = from) => ({ from, to, nonce, node: "a" });

Deno.test("an agent that loses nothing leaves nothing to complain of", () => {
  const ledger = ledgerOf([
    said("i", 1),
    said("i", 2, { acknowledged: acknowledged("i", 1) }),
    said("j", 3, { recalled: 2, acknowledged: acknowledged("i", 2) }),
  ]);
  assertEquals(ledger.isSettled("j", []), true);
  assertEquals(ledger.close("j", []), []);
  assertEquals(ledger.counts.messages, 3);
});

Deno.test("an acknowledged message that never came is lost", () => {
  const ledger = ledgerOf([said("i", 1), said("i", 3, { acknowledged: acknowledged("i", 1, 2) })]);
  assertEquals(ledger.isSettled("i", []), false);
  assertMatch(ledger.close("i", []).join(), /message 2 .* is lost/);
  assertEquals(ledger.counts.lost, 1);
});

Deno.test("a message that is lost is counted once, however often it is said to be acknowledged", () => {
  const ledger = ledgerOf([said("i", 3, { acknowledged: acknowledged("i", 1, 2) })]);
  assertEquals(ledger.close("i", []).length, 2);
  ledger.came(said("i", 4, { acknowledged: acknowledged("i", 1, 3) }));
  assertEquals(ledger.close("i", []), []);
  assertEquals(ledger.counts.lost, 2);
});

Deno.test("an acknowledged message may come late", () => {
  const ledger = ledgerOf([said("i", 2, { recalled: 1, acknowledged: acknowledged("h", 1) }), said("h", 1)]);
  assertEquals(ledger.close("i", []), []);
  assertEquals(ledger.counts.overtaken, 1);
});

Deno.test("what a killed runner had in memory is counted apart; what the instance that lives has said is not", () => {
  const messages = [said("j", 2, { acknowledged: acknowledged("i", 1) })];
  const excused = ledgerOf(messages);
  assertEquals(excused.close("j", ["a"]), []);
  assertEquals(excused.counts.lostWithRunner, 1);
  assertEquals(ledgerOf(messages).close("i", ["a"]).length, 1);
  assertEquals(ledgerOf(messages).close("j", ["b"]).length, 1);
});

Deno.test("the same message twice is a duplicate, and no reordering", () => {
  const ledger = ledgerOf([said("i", 1), said("i", 2), said("i", 1), said("i", 2)]);
  assertEquals(ledger.close("i", []), []);
  assertEquals([ledger.counts.resent, ledger.counts.messages], [2, 2]);
});

Deno.test("a message behind a later one of its instance is a reordering", () => {
  const ledger = ledgerOf([said("i", 2), said("i", 1)]);
  assertEquals(ledger.close("i", []).length, 1);
  assertEquals(ledger.counts.reordered, 1);
});

Deno.test("a number that is used again is a lost state write, for an agent that persists it first", () => {
  const messages = [said("i", 1), said("j", 1, { at: 2, recalled: 1 })];
  assertEquals(ledgerOf(messages, "persists first").close("j", []).length, 1);
  const sender = ledgerOf(messages);
  assertEquals(sender.close("j", []), []);
  assertEquals(sender.counts.repeated, 1);
});

Deno.test("an instance that recalls less than an earlier one has kept is a lost state write, counted once", () => {
  const ledger = ledgerOf([said("i", 5), said("j", 6, { recalled: 4 })]);
  assertMatch(ledger.close("j", []).join(), /had persisted 5, j on a recalled 4/);
  assertEquals(ledger.close("j", []), []);
  assertEquals(ledger.counts.stateLost, 1);
});

Deno.test("two instances whose calls overlap are doubled; one after the other are not", () => {
  const doubled = ledgerOf([said("i", 1), said("j", 2, { recalled: 9 }), said("i", 3)]);
  assertMatch(doubled.close("j", []).join(), /called process\(\) at the same time/);
  assertEquals(ledgerOf([said("i", 1), said("i", 2), said("j", 3, { recalled: 9 })]).close("j", []), []);
});
