/** Every order of events of a move between two nodes that trust keys, on a bus that an attacker owns. */
import { assert, assertEquals } from "@std/assert";
import { type Check, CHECKS, explore } from "../../../support/move_model.ts";

Deno.test("whatever is lost, repeated or made up, an agent is on one node, is not lost, and is the one that was handed over", () => {
  const { states, violations, traps } = explore();
  assertEquals([[...violations], traps], [[], 0]);
  // All orders, not some of them.
  assert(states > 100, `${states} states`);
});

/** What goes wrong where checks are left out. */
const ATTACKS: readonly [without: readonly Check[], finds: string][] = [
  [["offer"], "its state is sealed for somebody else"],
  [["hand-over"], "it is lost"],
  // Either alone keeps another agent from running.
  [["hand-over", "cargo of progress"], "what nobody has handed over runs"],
  [["progress"], "it is lost"],
  [["decision"], "it processes on both nodes"],
  [["order once"], "what was stopped runs again"],
  [["move of progress"], "it is lost"],
  [["move of decision"], "it is lost"],
];

for (const [without, finds] of ATTACKS) {
  Deno.test(`without the check of ${without.join(" and of ")} the model finds the attack: ${finds}`, () => {
    const { violations } = explore(without, finds);
    assert(violations.has(finds), [...violations].join("; ") || "none");
  });
}

Deno.test("every check of the model is needed", () => {
  const needed = new Set(ATTACKS.flatMap(([without]) => without));
  assertEquals(CHECKS.filter((check) => !needed.has(check)), []);
});
