/** Which agents a command is for: names, nodes, labels, and names that two nodes have. */
import { assertEquals, assertThrows } from "@std/assert";
import { Fleet } from "../../../../operator/fleet/fleet.ts";
import { parseSelector } from "../../../../operator/fleet/selector.ts";
import { instances, locate } from "../../../../operator/operations/find.ts";
import { selectAgents, selectNodes } from "../../../../operator/operations/selection.ts";
import { OperationError } from "../../../../operator/operator.ts";
import { actorId } from "../../../../protocol/ids.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** `hall` and `attic` are online, `cellar` is off; both of the first run a `twin`. */
function fleetOfThree(): Fleet {
  const fleet = new Fleet();
  const online = { hall: ["lamp", "twin"], attic: ["light-1", "light-2", "twin"] };
  for (const [node, agents] of Object.entries(online)) {
    fleet.apply(`nodes/${node}/heartbeat`, bytes({ agents, labels: { room: node } }), Date.now());
    fleet.applyList(
      node,
      agents.map((name) => ({ name, actor_id: actorId(name), state: "running" })),
      Date.now(),
    );
  }
  fleet.apply("nodes/cellar/status", bytes({ status: "offline" }), 0);
  fleet.apply(`agents/${actorId("pump")}/manifest`, bytes({ name: "pump", node: "cellar" }), 0);
  return fleet;
}
const chosen = (names: string[], labels?: string, node?: string) =>
  selectAgents(fleetOfThree(), {
    names,
    node,
    labels: labels === undefined ? undefined : parseSelector(labels),
  })
    .map(({ node, name }) => `${node}/${name}`);

Deno.test("names, patterns, nodes and labels choose agents, each once", () => {
  assertEquals(chosen(["lamp", "lamp", "light-*"]), ["hall/lamp", "attic/light-1", "attic/light-2"]);
  assertEquals(chosen([], undefined, "hall"), ["hall/lamp", "hall/twin"]);
  assertEquals(chosen([], "room!=hall"), ["attic/light-1", "attic/light-2", "attic/twin"]);
  assertEquals(chosen(["twin"], "room=attic"), ["attic/twin"]);
  assertEquals(chosen(["*in"]), ["hall/twin", "attic/twin"]);
});

Deno.test("a name that two nodes have is meant only with its node", () => {
  assertThrows(
    () => chosen(["twin"]),
    OperationError,
    "runs on attic and hall: say on which node you mean it",
  );
  assertEquals(chosen(["twin"], undefined, "hall"), ["hall/twin"]);
  assertThrows(() => chosen(["lamp"], undefined, "attic"), OperationError, "runs on hall, not on attic");
});

Deno.test("what is nowhere is refused, and of a node that is off it is said", () => {
  assertThrows(
    () => chosen(["nobody"]),
    OperationError,
    "None of the nodes that answered runs an agent 'nobody'",
  );
  assertThrows(() => chosen(["lamp"], "room=attic"), OperationError, "No agent 'lamp' runs there");
  assertThrows(() => chosen(["x"], "room=moon"), OperationError, "No node has these labels");
  assertThrows(() => locate(fleetOfThree(), "pump"), OperationError, "is on node 'cellar', which is off");
  assertEquals(selectNodes(fleetOfThree(), {}).length, 3);
});

Deno.test("every instance is listed: two of one name as a conflict, those of a node that is off as off", () => {
  const listed = instances(fleetOfThree()).map((
    { agent, state, alsoOn },
  ) => [agent.name, agent.node, state, alsoOn]);
  assertEquals(listed, [
    ["lamp", "hall", "running", []],
    ["light-1", "attic", "running", []],
    ["light-2", "attic", "running", []],
    ["pump", "cellar", "off", []],
    ["twin", "attic", "running", ["hall"]],
    ["twin", "hall", "running", ["attic"]],
  ]);
});
