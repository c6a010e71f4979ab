/** What tools come back with, for people: tables of words, lines, and nothing that turns or moves the text. */
import { assertEquals } from "@std/assert";
import { shownOf } from "../../../../operator/chat/show.ts";

Deno.test("lists of the fleet are tables, whose cells are plain text", () => {
  const agents = [{ agent: "a\u202E", node: "n", state: "running" }];
  assertEquals(shownOf("list_agents", { ok: true, value: { agents } }), {
    kind: "table",
    titles: ["AGENT", "NODE", "STATE", "DESCRIPTION"],
    rows: [["a\uFFFD", "n", "running", ""]],
  });
  const nodes = [{ node: "n", state: "online", agents: ["a", "b"], version: "1" }];
  const shown = shownOf("list_nodes", { ok: true, value: { nodes } });
  assertEquals(shown.kind === "table" && shown.rows, [["n", "online", "a, b", "1"]]);
});

Deno.test("an empty list is said in words", () => {
  assertEquals(shownOf("list_agents", { ok: true, value: { agents: [] } }), {
    kind: "lines",
    lines: ["No agent runs there"],
  });
});

Deno.test("the state of a fleet is a line for each node, and its roll-out", () => {
  const nodes = [{ node: "a", state: "done" }, { node: "b", state: "failed", why: "x: no" }];
  const rollout = { by: "ana", phase: "halted", wave: 1 };
  const lines = (value: Readonly<Record<string, unknown>>) => shownOf("get_fleet", { ok: true, value });
  assertEquals(lines({ fleet: "home", generation: 2, rollout, nodes }), {
    kind: "lines",
    lines: [
      "Fleet 'home' has generation 2",
      "Roll-out by ana: halted, wave 1",
      "a: done",
      "b: failed: x: no",
    ],
  });
  assertEquals(lines({ fleet: "home", nodes: [] }), {
    kind: "lines",
    lines: ["Fleet 'home': nothing has been applied"],
  });
});

Deno.test("a list that failed is no table", () => {
  assertEquals(shownOf("list_nodes", { ok: false, value: { error: "no broker", nodes: [] } }), {
    kind: "lines",
    lines: ["Failed: no broker"],
  });
});
