/** Which nodes a roll-out changes, in which wave. */
import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULT_WAVES, divide, parseWaves } from "../../../../operator/rollout/waves.ts";

const nodes = (count: number, off: readonly number[] = []) =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${String(index).padStart(2, "0")}`,
    labels: { room: index % 2 === 0 ? "kitchen" : "hall" },
    isOff: off.includes(index),
  }));
const sizes = (waves: readonly string[], count: number) =>
  divide(parseWaves(waves), nodes(count)).map(({ length }) => length);

Deno.test("numbers and shares say how many nodes have been changed at the end of a wave", () => {
  assertEquals(sizes(DEFAULT_WAVES, 20), [1, 1, 8, 10]);
  assertEquals(sizes(DEFAULT_WAVES, 3), [1, 1, 1]);
  assertEquals(sizes(DEFAULT_WAVES, 1), [1]);
  assertEquals(sizes(["2", "100%"], 5), [2, 3]);
});

Deno.test("labels choose the nodes of a wave, and each node is in one wave", () => {
  const divided = divide(parseWaves(["1", "room=hall", "rest"]), nodes(5));
  assertEquals(divided, [["n00"], ["n01", "n03"], ["n02", "n04"]]);
});

Deno.test("nodes that are off are a wave of their own, the last one", () => {
  assertEquals(divide(parseWaves(["1", "rest"]), nodes(4, [0, 2])), [["n01"], ["n03"], ["n00", "n02"]]);
  assertEquals(divide(parseWaves(["1", "rest"]), nodes(2, [0, 1])), [["n00", "n01"]]);
});

Deno.test("a wave that cannot be is an error", () => {
  assertThrows(() => parseWaves(["1", "50%"]), Error, "The last wave must be rest");
  assertThrows(() => parseWaves([]), Error, "The last wave must be rest");
  for (const wave of ["0", "0%", "101%", "10 %", "", "1.5"]) {
    assertThrows(() => parseWaves([wave, "rest"]), Error, "");
  }
  assertThrows(() => parseWaves([...Array(20).fill("1"), "rest"]), Error, "up to 20 waves");
});
