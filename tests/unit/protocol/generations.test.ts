/** Generations: which a node takes, and which are none. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  admission,
  type Generation,
  GenerationError,
  generationFields,
  generationIn,
  MAX_HISTORY,
  newTag,
  numberOf,
} from "../../../protocol/generations.ts";

const tag = (number: number) => `${number}-0000000a`;
const generation = (number: number, basedOn: readonly string[], own = tag(number)): Generation => ({
  fleet: "home",
  generation: number,
  tag: own,
  basedOn,
  by: "ana",
  at: 1,
  message: "",
});
const verdict = (current: Generation | undefined, next: Generation) => admission(current, next).kind;

Deno.test("a node takes what is based on what it has, directly or not, and the first one there is", () => {
  assertEquals(verdict(undefined, generation(7, [tag(6)])), "apply");
  assertEquals(verdict(generation(6, []), generation(7, [tag(6)])), "apply");
  assertEquals(verdict(generation(4, []), generation(7, [tag(6), tag(5), tag(4)])), "apply");
  assertEquals(verdict(generation(7, []), generation(7, [])), "same");
});

Deno.test("a node refuses what is older, and what somebody else has based on the same", () => {
  assertEquals(verdict(generation(7, []), generation(6, [tag(5)])), "refuse");
  assertEquals(verdict(generation(7, [tag(6)]), generation(7, [tag(6)], "7-0000000b")), "refuse");
  assertEquals(verdict(generation(7, [tag(6)]), generation(8, ["7-0000000b", tag(6)])), "refuse");
  assertEquals(verdict(generation(7, [tag(6)]), generation(9, [])), "refuse");
});

Deno.test("a node that was away for longer than generations remember takes the next one", () => {
  const lineage = Array.from({ length: MAX_HISTORY }, (_, index) => tag(40 - index));
  assertEquals(verdict(generation(3, []), generation(41, lineage)), "apply");
  assertEquals(verdict(generation(30, [], "30-0000000b"), generation(41, lineage)), "refuse");
});

Deno.test("a generation is read as it was written; what is none is no generation, or refused", () => {
  const one = { ...generation(7, [tag(6)]), message: "why" };
  assertEquals(generationIn(generationFields(one)), one);
  assertEquals(generationIn({ agents: [] }), undefined);
  assertEquals(numberOf(newTag(12)), 12);
  const fields = generationFields(one);
  for (
    const bad of [{ fleet: 1 }, { generation: 8 }, { tag: "7" }, { based_on: 1 }, { based_on: ["x"] }, {
      generation: "7",
    }]
  ) {
    assertThrows(() => generationIn({ ...fields, ...bad }), GenerationError);
  }
});
