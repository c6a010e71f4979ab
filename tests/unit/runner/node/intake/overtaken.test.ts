import { assertEquals } from "@std/assert";
import { actorId } from "../../../../../protocol/ids.ts";
import { Overtaken, subjectOf } from "../../../../../runner/node/intake/overtaken.ts";

const [a, b] = [{ id: "a" }, { id: "b" }];

Deno.test("a command is not obeyed after a later one about the same agent", () => {
  const overtaken = new Overtaken();
  assertEquals(overtaken.obey(5, a), true, "the stop");
  assertEquals(overtaken.obey(3, a), false, "the spawn before it");
  assertEquals(overtaken.obey(3, b), true, "another agent's");
  assertEquals(overtaken.obey(4, "nothing"), true, "a question");
  assertEquals(overtaken.obey(6, a), true, "a new spawn");
});

Deno.test("a command about all agents is later than those about each, and the other way round", () => {
  const overtaken = new Overtaken();
  assertEquals(overtaken.obey(5, "all"), true);
  assertEquals(overtaken.obey(4, a), false);
  assertEquals(overtaken.obey(9, b), true);
  assertEquals(overtaken.obey(8, "all"), false);
  assertEquals(overtaken.obey(10, "all"), true);
});

Deno.test("what was obeyed in order is obeyed, and forgotten when nothing earlier waits", () => {
  const overtaken = new Overtaken();
  const obeyed = [1, 2, 3].map((order) => overtaken.obey(order, a));
  assertEquals(obeyed, [true, true, true]);
  overtaken.forget();
  assertEquals(overtaken.obey(4, a), true);
});

Deno.test("a command's subject is found in its payload, in its text or in its topic", () => {
  const command = (json: unknown, text = JSON.stringify(json)) => ({
    topic: "",
    json,
    text,
    retained: false,
  });
  const agent = { id: actorId("agent") };
  assertEquals(subjectOf("spawn", command({ name: "agent" }), ""), agent);
  assertEquals(subjectOf("stop", command("agent"), ""), agent);
  assertEquals(subjectOf("stop", command(undefined, " agent\n"), ""), agent);
  assertEquals(subjectOf("commands", command({ command: "stop" }), agent.id), agent);
  assertEquals(subjectOf("spawn", command({ name: 7 }), ""), "nothing");
  assertEquals(subjectOf("stop_all", command({ name: "agent" }), ""), "all");
  assertEquals(subjectOf("inspect", command({ name: "agent" }), ""), "nothing");
});
