/** Several actions of one sentence: each is asked for, and what follows a no is not done. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { Person } from "../../../../operator/chat/person.ts";
import { ChatSession, isDone } from "../../../../operator/chat/session.ts";
import { defineTool, done, type Workshop } from "../../../../operator/tools/tool.ts";

function scene(answers: readonly boolean[]) {
  const [stopped, asked, notes]: [string[], string[], string[]] = [[], [], []];
  const left = [...answers];
  const tool = defineTool({
    name: "stop_agent",
    title: "Stop an agent",
    description: "",
    effect: "end",
    input: { name: z.string(), node: z.string().optional() },
    run: ({ name }) => {
      stopped.push(name);
      return Promise.resolve(done({ name }));
    },
  });
  const person = {
    note: (text: string) => notes.push(text),
    show: () => {},
    agrees: ({ lines }: { readonly lines: readonly string[] }) => {
      asked.push(...lines);
      return Promise.resolve(left.shift() ?? false);
    },
  } as unknown as Person;
  const workshop = {} as Workshop;
  const whyLacking = () => "lacking";
  const session = new ChatSession({ workshop, tools: [tool], person, conversation: undefined, whyLacking });
  const say = (line: string) => session.answer(line, new AbortController().signal);
  return { say, stopped, asked, notes };
}

Deno.test("each of several actions is asked for, one after the other", async () => {
  const { say, stopped, asked } = scene([true, true]);
  assertEquals(isDone(await say("stop hello and counter on hall")), true);
  assertEquals(asked, ["name: hello", "node: hall", "name: counter", "node: hall"]);
  assertEquals(stopped, ["hello", "counter"]);
});

Deno.test("what follows a no is not done, and not asked for", async () => {
  const { say, stopped, asked, notes } = scene([true, false]);
  assertEquals(isDone(await say("stop hello, counter and front-door")), false);
  assertEquals([stopped, asked], [["hello"], ["name: hello", "name: counter"]]);
  assertEquals(notes.at(-1), "What was to follow was not done");
});
