import { assertEquals } from "@std/assert";
import { MAX_READINGS } from "../../../../../protocol/readings.ts";
import { Readings } from "../../../../../runner/node/agents/readings.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";

Deno.test("an agent has a limited number of readings, each as often as it likes", () => {
  const readings = new Readings();
  const { agent } = fakeAgent("a");
  const take = (reading: string) =>
    readings.take(agent, { reading, kind: "temperature", value: 1, unit: "°C" });
  for (let index = 0; index < MAX_READINGS; index++) assertEquals(take(`r${index}`), undefined);
  assertEquals(take("one-more"), "an agent may have 64 readings of different names");
  assertEquals(take("r0"), undefined);
  const other = fakeAgent("b").agent;
  const own = readings.take(other, { reading: "one-more", kind: "k", value: 1, unit: "" });
  assertEquals(own, undefined, "another agent has its own");
});
