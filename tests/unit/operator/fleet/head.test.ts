/** The head of a fleet: which claim counts, and what the next generation is based on. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  chooseBase,
  claimVerdict,
  type Head,
  headFields,
  headIn,
  nextGeneration,
} from "../../../../operator/fleet/head.ts";
import { OperationError } from "../../../../operator/operator.ts";
import { MAX_HISTORY } from "../../../../protocol/generations.ts";

const head = (tag: string, ...basedOn: string[]): Head => ({
  fleet: "home",
  generation: Number(tag.split("-")[0]),
  tag,
  basedOn,
  by: "ana",
  at: 1,
  message: "",
  isConfirmed: true,
});
const [SIX, SEVEN, OTHER] = ["6-00000006", "7-00000007", "7-0000000f"];

Deno.test("of two claims the first one counts; what is put back of the base is none", () => {
  const log = [head(SIX), head(SEVEN, SIX), head(OTHER, SIX)];
  assertEquals(claimVerdict(log, SIX, SEVEN).kind, "won");
  const verdict = claimVerdict(log, SIX, OTHER);
  assertEquals(verdict.kind === "lost" && verdict.to.tag, SEVEN);
  assertEquals(claimVerdict([head(SIX)], SIX, SEVEN).kind, "open");
  assertEquals(claimVerdict([head(SEVEN)], undefined, SEVEN).kind, "won");
});

Deno.test("the next generation is based on the head and all before it, no more than are kept", () => {
  const { basedOn } = chooseBase(head(SEVEN, SIX), [head(SIX)], false);
  assertEquals(basedOn, [SEVEN, SIX]);
  const next = nextGeneration("home", chooseBase(head(SEVEN, SIX), [], false), {
    by: "ben",
    message: "m",
    at: 2,
  });
  assertEquals([next.generation, next.basedOn, next.by], [8, [SEVEN, SIX], "ben"]);
  const long = Array.from({ length: MAX_HISTORY }, (_, index) => `${30 - index}-00000000`);
  assertEquals(chooseBase(head("31-00000000", ...long), [], false).basedOn.length, MAX_HISTORY);
  assertEquals(
    nextGeneration("home", chooseBase(undefined, [], false), { by: "a", message: "", at: 0 }).generation,
    1,
  );
});

Deno.test("what nodes have and the head has not is refused, or adopted", () => {
  const strange = head(OTHER, SIX);
  assertThrows(() => chooseBase(head(SEVEN, SIX), [head(SEVEN), strange], false), OperationError, "--adopt");
  assertEquals(chooseBase(head(SEVEN, SIX), [head(SEVEN), strange], true).basedOn, [SEVEN, OTHER, SIX]);
});

Deno.test("a head that no node has gives way to the one that they have; so does one that the broker has lost", () => {
  const lost = { ...head(OTHER, SIX), isConfirmed: false };
  assertEquals(chooseBase(lost, [head(SEVEN, SIX), head(SIX)], false).base?.tag, SEVEN);
  assertEquals(chooseBase(undefined, [head(SEVEN, SIX), head(SIX)], false).basedOn, [SEVEN, SIX]);
  assertEquals(chooseBase(head(SEVEN, SIX), [head(SIX)], false).base?.tag, SEVEN);
});

Deno.test("a head is read as it was written; what is of another fleet, or none, is none", () => {
  assertEquals(headIn(headFields(head(SEVEN, SIX)), "home"), head(SEVEN, SIX));
  assertEquals(headIn(headFields(head(SEVEN, SIX)), "other"), undefined);
  assertEquals(headIn({ fleet: "home" }, "home"), undefined);
});
