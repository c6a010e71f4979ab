import { assertEquals } from "@std/assert";
import { RefusedError } from "../../../../operator/commander.ts";
import { Latecomer } from "../../../../operator/dashboard/server/control/latecomer.ts";
import { Model } from "../../../../operator/dashboard/server/model/model.ts";
import type { Operator } from "../../../../operator/operator.ts";
import { actorId } from "../../../../protocol/ids.ts";

type Question = Readonly<Record<string, unknown>>;

/** A dashboard whose node answers as the test says. */
function scene(answer: (question: Question) => Record<string, unknown>) {
  const model = new Model();
  const asked: string[] = [];
  const command = (_node: string, _command: string, question: Question) => {
    asked.push(String(question.recent ?? question.name));
    return Promise.resolve().then(() => answer(question));
  };
  const latecomer = new Latecomer({
    operator: () => ({ commander: { command } }) as unknown as Operator,
    model,
    onChanges: () => {},
    onError: (error) => {
      throw error;
    },
    nowMs: () => 1_000_000,
  });
  /** A heartbeat, and all that the dashboard then asks. */
  const beat = async (agents: readonly string[], instance = "first") => {
    const payload = new TextEncoder().encode(JSON.stringify({ node: "n", agents, instance }));
    model.apply("nodes/n/heartbeat", payload, 1_000_000);
    latecomer.noteNode("n");
    // It does nothing else than ask: a turn of the event loop for each question is enough.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { model, asked, latecomer, beat };
}

const configOf = ({ name }: Question) => ({ config: { name, code: `code of ${name}` } });

Deno.test("a node is asked once for its errors, and once for the config of each agent", async () => {
  const { model, asked, beat, latecomer } = scene((question) =>
    question.recent === undefined ? configOf(question) : { lines: [] }
  );
  await using _latecomer = latecomer;
  await beat(["a", "b"]);
  await beat(["a", "b", "c"]);
  await beat(["a", "b", "c"]);
  assertEquals(asked, ["errors", "a", "b", "c"]);
  assertEquals(model.spawns.told("c")?.code, "code of c");
  model.spawns.add(new TextEncoder().encode(JSON.stringify({ name: "a", code: "of anybody" })));
  await beat(["a", "b", "c"]);
  assertEquals(asked.slice(4), ["a"], "it was spawned again");
  assertEquals(model.spawns.of("a")?.config.code, "code of a");
  await beat(["a", "b", "c"], "second");
  assertEquals(asked.slice(5), ["errors"], "another process of the node remembers other errors");
});

Deno.test("a node that refuses is left alone until it starts anew", async () => {
  const { asked, beat, latecomer } = scene(() => {
    throw new RefusedError("it is not signed", "unsigned");
  });
  await using _latecomer = latecomer;
  for (let times = 0; times < 5; times++) await beat(["a", "b"]);
  assertEquals(asked, ["errors"]);
  await beat(["a", "b"], "second");
  assertEquals(asked, ["errors", "errors"]);
});

Deno.test("an agent that has ended meanwhile is no reason not to ask for the others", async () => {
  const { model, asked, beat, latecomer } = scene((question) => {
    if (question.name === "gone") throw new RefusedError("it is not running on n", undefined);
    return question.recent === undefined ? configOf(question) : { lines: [] };
  });
  await using _latecomer = latecomer;
  await beat(["gone", "b"]);
  assertEquals(asked, ["errors", "gone", "b"]);
  assertEquals([model.spawns.told("b")?.code, model.agent(actorId("gone"))], ["code of b", undefined]);
});
