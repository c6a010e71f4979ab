import { assert, assertEquals } from "@std/assert";
import { shortHeartbeat } from "../../../../../runner/node/reports/short_heartbeat.ts";

const names = Array.from({ length: 100 }, (_, index) => `agent-${String(index).padStart(3, "0")}`);
const REPORT = { node: "n", agents: names.toReversed(), agent_count: 100, labels: { room: "hall" } };

Deno.test("a heartbeat that fits is unchanged", () => {
  assertEquals(shortHeartbeat(REPORT, 10_000), JSON.stringify(REPORT));
});

Deno.test("a long heartbeat names as many agents as fit, always the same ones, and counts the others", () => {
  for (const belowBytes of [1000, 500, 200]) {
    const payload = shortHeartbeat(REPORT, belowBytes);
    assert(payload.length < belowBytes);
    const { agents, agents_left_out, ...rest } = JSON.parse(payload);
    assertEquals(agents, names.slice(0, agents.length));
    assertEquals(agents.length + agents_left_out, 100);
    assertEquals(rest, { node: "n", agent_count: 100, labels: { room: "hall" } });
  }
});

Deno.test("when no name is left, labels are dropped too", () => {
  assertEquals(JSON.parse(shortHeartbeat(REPORT, 70)), {
    node: "n",
    agents: [],
    agent_count: 100,
    agents_left_out: 100,
  });
});
