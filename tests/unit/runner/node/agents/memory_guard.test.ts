import { assertEquals } from "@std/assert";
import { MemoryGuard } from "../../../../../runner/node/agents/memory_guard.ts";
import type { Kill } from "../../../../../runner/supervisor/state.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

Deno.test("only agents beyond their own limit are ended, and what was measured is said", async () => {
  const clock = new FakeClock();
  const ended: [name: string, kill: Kill][] = [];
  const agent = (name: string, pid: number | undefined) =>
    ({ name, pid, kill: (kill: Kill) => ended.push([name, kill]) }) as unknown as SupervisedAgent;
  const agents = [
    agent("small", 1),
    agent("large", 2),
    agent("allowed", 3),
    agent("waiting", undefined),
    agent("gone", 4),
  ];
  const used: Readonly<Record<number, number>> = { 1: 256, 2: 300.24, 3: 300.24 };
  const guard = new MemoryGuard({
    clock,
    agents: () => agents,
    measure: (pid) => used[pid],
    limitOf: ({ name }) => name === "allowed" ? 512 : 256,
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  assertEquals(ended, []);
  await clock.advance(250);
  assertEquals(ended, [["large", { limit: "memory", measured: 300.2, allowed: 256, unit: "MB" }]]);
  life.abort();
  await running;
});
