/** What should run while only some of the nodes have the change. */
import { assertEquals } from "@std/assert";
import { composite, watchedAgents } from "../../../../operator/rollout/compose.ts";

const agent = (node: string, name: string, code: string) => ({ node, config: { name, code } });
const CHANGE = {
  base: [agent("a", "x", "1"), agent("b", "y", "1"), agent("b", "gone", "1"), agent("a", "moves", "1")],
  wanted: [agent("a", "x", "2"), agent("b", "y", "1"), agent("b", "new", "2"), agent("b", "moves", "1")],
};
const shown = (...changed: readonly string[]) =>
  composite(CHANGE, new Set(changed)).map(({ node, config }) => `${node}/${config.name}:${config.code}`)
    .sort();

Deno.test("each node has either what it had or what it is to have, and each name comes once", () => {
  assertEquals(shown(), ["a/moves:1", "a/x:1", "b/gone:1", "b/y:1"]);
  assertEquals(shown("a"), ["a/moves:1", "a/x:2", "b/gone:1", "b/y:1"]);
  assertEquals(shown("b"), ["a/x:1", "b/moves:1", "b/new:2", "b/y:1"]);
  assertEquals(shown("a", "b"), ["a/x:2", "b/moves:1", "b/new:2", "b/y:1"]);
});

Deno.test("the agents that are new or different are watched, or else all", () => {
  assertEquals(watchedAgents(CHANGE, "a"), ["x"]);
  assertEquals(watchedAgents(CHANGE, "b"), ["new", "moves"]);
  assertEquals(watchedAgents({ base: CHANGE.base, wanted: CHANGE.base }, "b"), ["y", "gone"]);
});
