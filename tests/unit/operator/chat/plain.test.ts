/** Every plan of the built-in planner is a call that its tool takes. */
import { assertEquals } from "@std/assert";
import { callOf } from "../../../../operator/chat/plain.ts";
import type { Understanding } from "../../../../operator/planner/plan.ts";
import { toolsOf } from "../../../../operator/tools/catalog.ts";

Deno.test("every plan of the corpus is a call that its tool accepts", async () => {
  const corpus = await Deno.readTextFile(new URL("../../../fixtures/sentences.jsonl", import.meta.url));
  const tools = toolsOf({ deployNode: () => Promise.resolve({}) }, { readOnly: false });
  const called = new Set<string>();
  for (const line of corpus.trim().split("\n")) {
    const sentence: { readonly say: string } & Understanding = JSON.parse(line);
    if (sentence.kind === "not_understood") continue;
    const call = callOf(sentence.plan);
    if (call === undefined) continue;
    const tool = tools.find(({ name }) => name === call.tool);
    assertEquals(tool?.input.safeParse(call.input).error, undefined, sentence.say);
    called.add(call.tool);
  }
  assertEquals([...called].sort(), [
    "deploy_node",
    "list_agents",
    "list_nodes",
    "migrate_agent",
    "read_errors",
    "read_logs",
    "spawn_agent",
    "stop_agent",
  ]);
});
