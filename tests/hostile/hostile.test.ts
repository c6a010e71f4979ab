/** Every attack is refused or contained; node and neighbours are as before. The table: `deno task hostile`. */
import { assertEquals } from "@std/assert";
import { ATTACKS } from "./attacks.ts";
import { failures } from "./report.ts";
import { type Outcome, run } from "./run.ts";

Deno.test("no attack has a name that another has", () => {
  const ids = ATTACKS.map(({ id }) => id);
  assertEquals(ids.filter((id, index) => ids.indexOf(id) !== index), []);
  assertEquals(ATTACKS.filter(({ kind, id }) => kind !== "probe" && id.length > 64), []);
});

Deno.test("hostile agents and messages are refused or contained", async (t) => {
  const outcome: Outcome = await run(ATTACKS, () => {});
  for (const { attack, held, stoppedBy } of outcome.verdicts) {
    await t.step(`${attack.category}: ${attack.tries}`, () => assertEquals(held, true, stoppedBy));
  }
  await t.step("each attack has a verdict", () => assertEquals(outcome.verdicts.length, ATTACKS.length));
  await t.step(
    "neighbours have missed nothing, nothing is left behind, and the runner's memory is back",
    () => {
      assertEquals(failures({ ...outcome, verdicts: [] }), []);
    },
  );
});
