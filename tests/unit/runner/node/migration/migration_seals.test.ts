import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { MigrationSeals, sealHolds } from "../../../../../runner/node/migration/migration_seals.ts";

const DECISION = { id: "m-1", agent: "a", from: "old", to: "new", decision: "commit" } as const;

Deno.test("a decision is sealed by the node that lets go, after a restart too, and by nobody else", () => {
  const seals = new MigrationSeals("secret");
  const key = seals.keyOf("m-1");
  assertMatch(key, /^[\w-]{43}$/);
  assertEquals(new MigrationSeals("secret").keyOf("m-1"), key);
  assertEquals(sealHolds(key, DECISION, seals.seal(DECISION)), true);
  assertEquals(sealHolds(key, DECISION, new MigrationSeals("secret").seal(DECISION)), true);
  assertEquals(sealHolds(key, DECISION, new MigrationSeals("other").seal(DECISION)), false);
  assertNotEquals(seals.keyOf("m-2"), key);
});

Deno.test("a seal holds for one decision about one agent between two nodes", () => {
  const seals = new MigrationSeals("secret");
  const key = seals.keyOf("m-1");
  const seal = seals.seal(DECISION);
  for (
    const other of [{ id: "m-2" }, { agent: "b" }, { from: "x" }, { to: "x" }, { decision: "abort" as const }]
  ) assertEquals(sealHolds(key, { ...DECISION, ...other }, seal), false);
  for (const none of [undefined, "", "x", 7, seal.slice(1), null]) {
    assertEquals(sealHolds(key, DECISION, none), false);
  }
  assertEquals(sealHolds("no key", DECISION, seal), false);
});
