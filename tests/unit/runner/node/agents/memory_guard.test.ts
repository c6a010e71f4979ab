import { assertEquals } from "@std/assert";
import { MemoryGuard } from "../../../../../runner/node/agents/memory_guard.ts";
import type { Kill } from "../../../../../runner/supervisor/state.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

const heldBy = (mb: number | undefined, ownMb = mb) =>
  mb === undefined || ownMb === undefined ? undefined : { heldMb: mb, ownMb };

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
    measure: (pid) => heldBy(used[pid]),
    glance: (pid) => used[pid],
    swappedMb: () => 0,
    totalMb: 1000,
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

Deno.test("when all agents together hold too much of their own, the largest is ended, and no other before it is gone", async () => {
  const clock = new FakeClock();
  const ended: [name: string, limit: string, measured: number][] = [];
  const agent = (name: string, pid: number) => {
    const kill = ({ limit, measured }: Kill) => ended.push([name, limit, measured]);
    return { name, pid, kill } as unknown as SupervisedAgent;
  };
  const agents = [agent("a", 1), agent("b", 2), agent("c", 3)];
  // What is shared is counted for none.
  const own = new Map([[1, 30], [2, 50], [3, 30]]);
  const guard = new MemoryGuard({
    clock,
    agents: () => agents,
    measure: (pid) => own.has(pid) ? heldBy(200, own.get(pid)) : undefined,
    glance: (pid) => own.has(pid) ? 200 : undefined,
    swappedMb: () => 0,
    totalMb: 100,
    limitOf: () => 256,
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  await clock.advance(1000);
  assertEquals(ended, [["b", "memory of all agents", 110]]);
  own.delete(2);
  await clock.advance(1000);
  assertEquals(ended.length, 1);
  own.set(1, 90);
  await clock.advance(250);
  assertEquals(ended.at(-1), ["a", "memory of all agents", 120]);
  life.abort();
  await running;
});

Deno.test("while a glance shows that nobody can hold too much, nothing else is measured", async () => {
  const clock = new FakeClock();
  const ended: Kill[] = [];
  const agents = [1, 2].map((pid) =>
    ({ name: `a${pid}`, pid, kill: (kill: Kill) => ended.push(kill) }) as unknown as SupervisedAgent
  );
  let [looks, residentMb, swappedMb] = [0, 100, 0];
  const guard = new MemoryGuard({
    clock,
    agents: () => agents,
    measure: (pid) => {
      looks += 1;
      return heldBy(pid === 1 ? residentMb + swappedMb : 100);
    },
    glance: (pid) => pid === 1 ? residentMb : 100,
    swappedMb: () => swappedMb,
    totalMb: 400,
    limitOf: () => 256,
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await clock.advance(1000);
  assertEquals(looks, 0);
  // What has gone to swap may be anybody's.
  swappedMb = 157;
  await clock.advance(250);
  assertEquals([looks, ended.map(({ limit, measured }) => [limit, measured])], [2, [["memory", 257]]]);
  [residentMb, swappedMb] = [301, 0];
  await clock.advance(250);
  assertEquals([looks, ended.map(({ limit }) => limit)], [4, ["memory", "memory", "memory of all agents"]]);
  life.abort();
  await running;
});
