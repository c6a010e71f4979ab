/** A call that is under way, and an operator who does not want to wait for it. */
import { assertEquals, assertRejects } from "@std/assert";
import { carryOutToolCall } from "../../../../operator/chat/tool_call.ts";
import type { Person } from "../../../../operator/chat/person.ts";
import { defineTool, done, type Workshop } from "../../../../operator/tools/tool.ts";

const person: Person = {
  write: () => {},
  note: () => {},
  agrees: () => Promise.resolve(true),
  show: () => {},
};
const WORKSHOP = {} as Workshop;
const looking = { name: "look", title: "Look", description: "", effect: "look", input: {} } as const;

Deno.test("a tool that does not end when it is interrupted is no longer waited for", async () => {
  const controller = new AbortController();
  const tool = defineTool({ ...looking, run: () => new Promise(() => {}) });
  const pending = carryOutToolCall(tool, {}, WORKSHOP, person, controller.signal);
  controller.abort(new Error("interrupted"));
  await assertRejects(() => pending, Error, "interrupted");
});

Deno.test("one that ends by itself says how far it has come", async () => {
  const controller = new AbortController();
  const tool = defineTool({
    ...looking,
    run: (_input, _workshop, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(done({ so: "far" })))),
  });
  const pending = carryOutToolCall(tool, {}, WORKSHOP, person, controller.signal);
  controller.abort(new Error("interrupted"));
  assertEquals(await pending, { kind: "ran", result: { ok: true, value: { so: "far" } } });
});
