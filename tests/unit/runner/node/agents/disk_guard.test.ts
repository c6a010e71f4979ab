import { assertEquals } from "@std/assert";
import { DiskGuard, toEnd } from "../../../../../runner/node/agents/disk_guard.ts";
import { deletedFilesMb } from "../../../../../runner/process/deleted_files.ts";
import type { Kill } from "../../../../../runner/supervisor/state.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock, settled } from "../../../../support/fake_clock.ts";

Deno.test("an agent whose files without a name take too much is ended, unless it may write files", async () => {
  const clock = new FakeClock();
  const ended: [name: string, kill: Kill][] = [];
  const agent = (name: string, pid: number | undefined, write: readonly string[] = []) => {
    const kill = (kill: Kill) => ended.push([name, kill]);
    return { name, pid, kill, config: { permissions: { write } } } as unknown as SupervisedAgent;
  };
  const agents = [
    agent("small", 64),
    agent("large", 100),
    agent("writer", 100, ["/data"]),
    agent("off", undefined),
  ];
  const guard = new DiskGuard({
    clock,
    agents: () => agents,
    measure: (pid) => pid,
    states: () => new Map(),
    totalMb: 1000,
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  await clock.advance(1000);
  assertEquals(ended, [["large", { limit: "temporary files", measured: 100, allowed: 64, unit: "MB" }]]);
  life.abort();
  await running;
});

Deno.test("when all agents together use too much disk, the one that writes on is ended, and said to be", async () => {
  const clock = new FakeClock();
  const ended: [name: string, kill: Kill][] = [];
  const agent = (name: string) => {
    const kill = (kill: Kill) => ended.push([name, kill]);
    return { name, pid: 1, kill, config: { permissions: { write: [] } } } as unknown as SupervisedAgent;
  };
  const states = new Map([["a", 10], ["b", 30], ["stopped", 40]]);
  const agents = [agent("a"), agent("b")];
  const guard = new DiskGuard({
    clock,
    agents: () => agents,
    measure: () => 5,
    states: () => states,
    totalMb: 60,
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  await clock.advance(3000);
  assertEquals(ended, [], "it was so before");
  states.set("b", 31);
  await clock.advance(1000);
  assertEquals(ended, [["b", { limit: "disk of all agents", measured: 91, allowed: 60, unit: "MB" }]]);
  await clock.advance(3000);
  assertEquals(ended.length, 1);
  life.abort();
  await running;
});

Deno.test("whoever keeps little, or as much as before, is not ended for what others keep", () => {
  const end = (used: Record<string, number>, before: Record<string, number>) =>
    toEnd(Object.keys(before), new Map(Object.entries(used)), new Map(Object.entries(before)), 90);
  assertEquals(end({ a: 80, b: 20, c: 1 }, { a: 80, b: 10, c: 0 }), undefined, "b has less than a third");
  assertEquals(end({ a: 80, b: 40, c: 1 }, { a: 80, b: 10, c: 0 }), "b");
  assertEquals(end({ a: 50, b: 40, c: 1 }, { a: 40, b: 10, c: 0 }), "a");
  assertEquals(
    toEnd(["new"], new Map([["new", 100]]), new Map(), 90),
    undefined,
    "it is seen for the first time",
  );
});

Deno.test("files that have lost their name are measured, others are not", async () => {
  const before = deletedFilesMb(Deno.pid);
  const path = await Deno.makeTempFile();
  using file = await Deno.open(path, { write: true });
  await file.write(new Uint8Array(1 << 20).fill(1));
  await file.sync();
  assertEquals(deletedFilesMb(Deno.pid), before);
  await Deno.remove(path);
  assertEquals(Math.round(deletedFilesMb(Deno.pid) - before), 1);
  assertEquals(deletedFilesMb(2 ** 22 + 1), 0);
});
