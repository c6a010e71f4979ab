/** What the broker keeps of a fleet, and what of other fleets is in its way. */
import { assertEquals } from "@std/assert";
import { FleetBoard } from "../../../../operator/operations/fleet_board.ts";
import { history, remember } from "../../../../operator/operations/history.ts";
import { MAX_HISTORY } from "../../../../protocol/generations.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

const about = (fleet: string, number: number) => ({
  fleet,
  generation: number,
  tag: `${number}-0000000a`,
  based_on: [],
  by: "ana",
});

Deno.test("desired states and reports are those of the fleet, and follow what comes", async () => {
  const broker = new FakeBroker();
  broker.publish("nodes/hall/desired_state", { ...about("home", 2), agents: [{ name: "a" }] }, true);
  broker.publish("nodes/attic/desired_state", { agents: [{ name: "b" }] }, true);
  broker.publish("nodes/hall/generations/other", { ...about("other", 5), done: true }, true);
  using board = await FleetBoard.open(broker.operator(), "home");
  assertEquals([[...board.desired.keys()], [...board.reports.keys()]], [["hall"], []]);
  const heard: string[] = [];
  board.listen((node) => heard.push(node));
  broker.publish("nodes/hall/generations/home", { ...about("home", 2), done: true }, true);
  broker.publish("nodes/hall/desired_state", { agents: [] }, true);
  assertEquals([heard, board.reports.get("hall")?.isDone, board.desired.size], [["hall"], true, 0]);
});

Deno.test("what another fleet has left for a node is in the way until the node has taken it", async () => {
  const broker = new FakeBroker();
  broker.publish("nodes/hall/desired_state", { ...about("other", 5), agents: [] }, true);
  using board = await FleetBoard.open(broker.operator(), "home");
  assertEquals([board.waitsFor("hall")?.fleet, board.waitsFor("attic")], ["other", undefined]);
  broker.publish("nodes/hall/generations/other", { ...about("other", 5), done: true }, true);
  assertEquals(board.waitsFor("hall"), undefined);
});

Deno.test("the last generations are kept, and no more", async () => {
  const broker = new FakeBroker();
  const operator = broker.operator();
  for (let number = 1; number <= MAX_HISTORY + 3; number++) {
    const { based_on: _, ...rest } = about("home", number);
    const generation = { ...rest, basedOn: [], at: number, message: "" };
    await remember(operator, { generation, wanted: [{ node: "hall", config: { name: "a", code: "//" } }] });
  }
  const numbers = (await history(operator, "home")).map(({ generation }) => generation.generation);
  assertEquals([numbers.length, numbers[0], numbers.at(-1), broker.kept.size], [
    MAX_HISTORY,
    23,
    4,
    MAX_HISTORY,
  ]);
});
