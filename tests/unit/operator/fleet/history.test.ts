/** The history of a fleet: how a generation is kept, and in what two of them differ. */
import { assertEquals, assertThrows } from "@std/assert";
import { differences, packed, unpacked } from "../../../../operator/fleet/history.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";
import { actorId } from "../../../../protocol/ids.ts";
import { pastGeneration, withStops } from "../../../../operator/operations/history.ts";
import { OperationError } from "../../../../operator/operator.ts";
import type { Generation } from "../../../../protocol/generations.ts";

const generation = (number: number): Generation => ({
  fleet: "home",
  generation: number,
  tag: `${number}-0000000a`,
  basedOn: [],
  by: "ana",
  at: 1,
  message: "why",
});
const agent = (node: string, name: string, more: Record<string, unknown> = {}) => ({
  node,
  config: { name, code: "//", ...more },
});
const past = (number: number) => ({ generation: generation(number), wanted: [agent("hall", "a")] });

Deno.test("what is kept is small, and reads as it was", async () => {
  const large = { ...past(3), wanted: [agent("hall", "a", { code: "// the same line\n".repeat(5000) })] };
  const bytes = await packed(large);
  assertEquals(bytes.length < 2000, true);
  assertEquals(await unpacked(bytes, "home"), { ...large, git: undefined, seal: { kind: "unsigned" } });
});

Deno.test("what is of another fleet, is damaged or is no generation is passed over", async () => {
  assertEquals(await unpacked(await packed(past(3)), "other"), undefined);
  assertEquals(await unpacked((await packed(past(3))).slice(0, 20), "home"), undefined);
  assertEquals(await unpacked(new TextEncoder().encode("{}"), "home"), undefined);
  const odd = { ...past(3), wanted: [{ node: "a b", config: { name: "a" } }] };
  assertEquals(await unpacked(await packed(odd), "home"), undefined);
});

Deno.test("a bomb is not unpacked", async () => {
  const bomb = { ...past(3), wanted: [agent("hall", "a", { code: " ".repeat(65 * 1024 * 1024) })] };
  assertEquals(await unpacked(await packed(bomb), "home"), undefined);
});

Deno.test("two generations differ in what was added, changed, moved and removed", () => {
  const before = [
    agent("hall", "same"),
    agent("hall", "other"),
    agent("hall", "moved"),
    agent("hall", "gone"),
  ];
  const after = [
    agent("hall", "same", { poll_interval: 5 }),
    agent("hall", "other", { poll_interval: 6 }),
    agent("attic", "moved"),
    agent("attic", "new"),
  ];
  assertEquals(
    differences(before, after).map(({ kind, node, agent, what }) => `${kind} ${node}/${agent} ${what}`),
    [
      "changed hall/other poll_interval",
      "moved attic/moved hall",
      "added attic/new ",
      "removed hall/gone ",
    ],
  );
});

Deno.test("a generation is found by its number, else it is the one before the newest", () => {
  const all = [past(5), past(4), past(2)];
  assertEquals(pastGeneration(all, "home", 2).generation.generation, 2);
  assertEquals(pastGeneration(all, "home", undefined).generation.generation, 4);
  assertThrows(() => pastGeneration(all, "home", 3), OperationError, "kept are 5, 4, 2");
  assertThrows(() => pastGeneration([], "home", undefined), OperationError, "none is kept");
});

Deno.test("going back stops what came with the newest generation, where it runs, and nothing else", () => {
  const broker = new FakeBroker();
  const operator = broker.operator();
  const listed = ["kept", "new", "theirs"].map((name) => ({
    name,
    actor_id: actorId(name),
    state: "running",
  }));
  operator.fleet.applyList("hall", listed, Date.now());
  const plan = {
    fleet: "home",
    wanted: [agent("hall", "kept")],
    steps: [
      { kind: "keep" as const, node: "hall", agent: "kept" },
      { kind: "unlisted" as const, node: "hall", agent: "new" },
      { kind: "unlisted" as const, node: "hall", agent: "theirs" },
    ],
    warnings: [],
  };
  const newest = { ...past(2), wanted: [agent("hall", "kept"), agent("hall", "new"), agent("attic", "off")] };
  assertEquals(withStops(plan, newest, operator).steps.map(({ kind, agent }) => `${kind} ${agent}`), [
    "keep kept",
    "unlisted theirs",
    "stop new",
  ]);
});
