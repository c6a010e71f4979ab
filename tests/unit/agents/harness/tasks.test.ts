import { assertEquals } from "@std/assert";
import { runTask } from "../../../../agents/harness/tasks.ts";
import type { Agent } from "../../../../agents/types.d.ts";

const AGENT = { name: "x" } as Agent;
const reply = (result: unknown) => runTask(AGENT, () => result, null);

Deno.test("an object is the reply", async () => {
  assertEquals(await reply({ a: 1, b: undefined }), { value: { a: 1 } });
  assertEquals(await reply(Promise.resolve({ later: true })), { value: { later: true } });
  assertEquals(await reply({}), { value: {} });
});

Deno.test("nothing and null are {}", async () => {
  assertEquals(await reply(undefined), { value: {} });
  assertEquals(await reply(null), { value: {} });
});

Deno.test("any other value is {result: value}", async () => {
  for (const value of [5, "text", true, false, 0, "", [1, 2]]) {
    assertEquals(await reply(value), { value: { result: value } });
  }
  assertEquals(await reply(new Date(0)), { value: { result: "1970-01-01T00:00:00.000Z" } });
});

Deno.test("the handler gets the agent and the payload", async () => {
  const seen: unknown[] = [];
  await runTask(AGENT, (agent, payload) => void seen.push(agent.name, payload), { p: 1 });
  assertEquals(seen, ["x", { p: 1 }]);
});

Deno.test("an agent without the function says so", async () => {
  assertEquals(await runTask(AGENT, undefined, {}), {
    value: { error: "Agent 'x' has no handle_task function." },
  });
});

Deno.test("a handler that throws, rejects, or returns what is no JSON has failed", async () => {
  const boom = new Error("boom");
  const thrown = await runTask(AGENT, () => {
    throw boom;
  }, {});
  assertEquals(thrown, { failure: boom });
  assertEquals(await runTask(AGENT, () => Promise.reject(boom), {}), { failure: boom });
  assertEquals("failure" in await reply(1n), true);
  assertEquals("failure" in await reply({ deep: 1n }), true);
});
