/** Every plan of the built-in planner is a call that its tool takes. */
import { assertEquals } from "@std/assert";
import { callOf } from "../../../../operator/chat/plain.ts";
import type { Understanding } from "../../../../operator/planner/plan.ts";
import { toolsOf } from "../../../../operator/tools/catalog.ts";

Deno.test("every plan of the corpus is a call that its tool accepts", async () => {
  const files = ["sentences.jsonl", "colloquial.jsonl"].map((file) => `../../../fixtures/${file}`);
  const corpus = (await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, import.meta.url)))))
    .join("");
  const tools = toolsOf({ deployNode: () => Promise.resolve({}) }, { readOnly: false });
  const called = new Set<string>();
  for (const line of corpus.trim().split("\n")) {
    const sentence: { readonly say: string } & Understanding = JSON.parse(line);
    if (sentence.kind === "not_understood") continue;
    const plans = sentence.plan.kind === "several" ? sentence.plan.plans : [sentence.plan];
    for (const call of plans.flatMap((plan) => callOf(plan) ?? [])) {
      const tool = tools.find(({ name }) => name === call.tool);
      assertEquals(tool?.input.safeParse(call.input).error, undefined, sentence.say);
      called.add(call.tool);
    }
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
