import { assertEquals } from "@std/assert";
import { parseFleet } from "../../../../operator/fleet/fleet_file.ts";
import { planEntries } from "../../../../operator/operations/apply.ts";
import { applyGeneration } from "../../../../operator/operations/apply_generation.ts";
import type { StepResult } from "../../../../operator/operations/apply.ts";
import { World } from "../../../support/fleet_world.ts";
import { encoded } from "../../../support/unruly_broker.ts";

const signal = new AbortController().signal;

Deno.test("a node of which nothing is heard, though it should be on, gets its entries when it returns", async () => {
  await using world = new World(["n1"], ["ana"]);
  // The broker has not noticed yet that it is gone, and nobody knows which version it has.
  world.broker.publish("nodes/mute/status", encoded({ node: "mute", status: "online" }), true);
  await world.flow();
  const results: StepResult[] = [];
  const text = JSON.stringify({ agents: [{ name: "a", code: "//", node: "mute" }] });
  world.operators[0]?.begin(async (operator, by) => {
    const plan = await planEntries(operator, parseFleet(text, "f"), () => undefined, {
      prune: false,
      signal,
    });
    await applyGeneration(operator, plan, {
      ...{ by, prune: false, message: "", adopts: false, signal },
      ...{ onStep: (result: StepResult) => void results.push(result), onProgress: () => {} },
    });
  });
  await world.quiet();
  assertEquals(results.map(({ step, error, pending }) => [step.agent, error, pending]), [
    ["a", undefined, "its node is off, and gets it when it returns"],
  ]);
  assertEquals((world.kept("nodes/mute/desired_state")?.agents as { name: string }[]).length, 1);
});
