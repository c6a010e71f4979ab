import { assertEquals } from "@std/assert";
import { MAX_READINGS, MAX_SWITCHES } from "../../../../../protocol/readings.ts";
import { OwnNames } from "../../../../../runner/node/agents/own_names.ts";
import { fakeAgent } from "../../../../support/fake_agent.ts";

Deno.test("an agent has a limited number of readings and switches, each as often as it likes", () => {
  const names = new OwnNames();
  const { agent } = fakeAgent("a");
  for (let index = 0; index < MAX_READINGS; index++) {
    assertEquals(names.takeReading(agent, `r${index}`), undefined);
  }
  assertEquals(names.takeReading(agent, "one-more"), "an agent may have 64 readings of different names");
  assertEquals(names.takeReading(agent, "r0"), undefined);
  for (let index = 0; index < MAX_SWITCHES; index++) {
    assertEquals(names.takeSwitch(agent, `s${index}`), undefined);
  }
  assertEquals(names.takeSwitch(agent, "r0"), "an agent may offer 32 switches");
  assertEquals(names.takeReading(fakeAgent("b").agent, "one-more"), undefined, "another agent has its own");
});
