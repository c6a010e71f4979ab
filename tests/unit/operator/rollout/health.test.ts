/** What counts against an agent that a roll-out watches, and what does not. */
import { assertEquals } from "@std/assert";
import { actorId } from "../../../../protocol/ids.ts";
import { topics } from "../../../../protocol/topics.ts";
import { HealthWatch } from "../../../../operator/rollout/health.ts";
import type { Operator } from "../../../../operator/operator.ts";
import { FakeBroker } from "../../../support/fake_operator.ts";

type Told = (beat: (node: string, state: string) => void, spawned: (node: string) => void) => void;

/** What is found of `roams` on node `to`. @param happens during the change */
async function found(happens: Told, afterwards: Told = () => {}): Promise<string[]> {
  const broker = new FakeBroker();
  const list = { agents: [{ name: "roams", state: "running", restart_count: 0 }] };
  const commander = { command: () => Promise.resolve(list) } as unknown as Operator["commander"];
  const operator = { ...broker.operator(), commander };
  using watch = await HealthWatch.open(operator, ["to"], [{ node: "to", agent: "roams" }]);
  const beat = (node: string, state: string) => {
    broker.publish(topics.agent(actorId("roams"), "heartbeat"), { name: "roams", node, state });
    broker.publish(topics.agent(actorId("roams"), "status"), { name: "roams", state });
  };
  const spawned = (node: string) =>
    broker.publish(topics.nodeLogs(node), { type: "spawned", child_name: "roams" });
  happens(beat, spawned);
  const problems: string[] = [];
  await watch.begin((_node, why) => void problems.push(why));
  afterwards(beat, spawned);
  await watch.end();
  return problems;
}

Deno.test("that an agent stops where it comes from, and is replaced where it has come to, is no failure", async () => {
  const problems = await found((beat, spawned) => {
    spawned("to");
    beat("to", "running");
    beat("from", "stopped");
    beat("to", "stopped");
    spawned("to");
    beat("to", "running");
  });
  assertEquals(problems, []);
});

Deno.test("an agent that stops after its last start is a failure, during the change and while it is watched", async () => {
  const fails: Told = (beat, spawned) => {
    spawned("to");
    beat("to", "failed");
  };
  assertEquals(await found(fails), ["roams: it is failed"]);
  assertEquals(await found(() => {}, (beat) => beat("to", "stopped")), ["roams: it is stopped"]);
  // Starting it once more does not undo what has been told.
  assertEquals(await found(() => {}, fails), ["roams: it is failed"]);
});
