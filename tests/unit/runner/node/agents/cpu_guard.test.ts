import { assertEquals, assertMatch } from "@std/assert";
import { CpuGuard } from "../../../../../runner/node/agents/cpu_guard.ts";
import type { SupervisedAgent } from "../../../../../runner/supervisor/supervised_agent.ts";
import { FakeClock } from "../../../../support/fake_clock.ts";

function open(
  limits: Readonly<Record<string, number | undefined>>,
  limitedByKernel: readonly string[] = [],
  totalPercent = 10_000,
) {
  const clock = new FakeClock();
  const stops: string[] = [];
  const said: string[] = [];
  const pids = new Map(Object.keys(limits).map((name, index) => [name, index + 1]));
  const stopped = new Set<string>();
  const agents = Object.keys(limits).map((name) =>
    ({
      name,
      get pid() {
        return pids.get(name);
      },
      isCpuLimited: limitedByKernel.includes(name),
      setStopped: (stop: boolean) => {
        stops.push(`${name} ${stop ? "stops" : "goes on"}`);
        if (stop) stopped.add(name);
        else stopped.delete(name);
      },
    }) as unknown as SupervisedAgent
  );
  const used = new Map<number, number>();
  const guard = new CpuGuard({
    clock,
    agents: () => agents,
    measure: (pid) => used.get(pid) ?? 0,
    limitOf: ({ name }) => limits[name],
    totalPercent,
    maxStopMs: 5000,
    onHeld: ({ name }, message) => said.push(`${name}: ${message}`),
  });
  const life = new AbortController();
  const running = guard.run(life.signal);
  /** All agents that are not stopped use a core of their own. */
  const pass = async (ms: number) => {
    for (let step = 0; step < ms; step += 50) {
      for (const [name, pid] of pids) if (!stopped.has(name)) used.set(pid, (used.get(pid) ?? 0) + 0.05);
      await clock.advance(50);
    }
  };
  const end = async () => {
    life.abort();
    await running;
  };
  return { pids, used, stops, said, pass, end, clock };
}

Deno.test("an agent beyond its share stops and goes on, is named once a minute, and goes on at the end", async () => {
  const { stops, said, pass, end } = open({ busy: 20, free: undefined, kernel: 20 }, ["kernel"]);
  await pass(4000);
  assertEquals(stops.slice(0, 2), ["busy stops", "busy goes on"]);
  assertEquals(said.length, 1);
  assertMatch(said[0] ?? "", /^busy: cpu limit: \d+\.\d % of a core used, 20 % allowed: throttled$/);
  await pass(62_000);
  assertEquals(said.length, 2);
  assertEquals(stops.filter((what) => !what.startsWith("busy")), []);
  await end();
  assertEquals(stops.at(-1), "busy goes on");
});

Deno.test("a new process of the agent begins anew, and an agent without a process is left alone", async () => {
  const { pids, stops, pass, end } = open({ busy: 20 });
  await pass(2500);
  const before = stops.length;
  pids.set("busy", 99);
  await pass(1000);
  assertEquals(stops.slice(before).filter((what) => what === "busy stops"), []);
  pids.delete("busy");
  await pass(2000);
  await end();
});

Deno.test("agents that use more than all may together are held to equal parts, and let go when they do not", async () => {
  const { pids, used, stops, said, pass, end } = open({ a: undefined, b: undefined, kernel: undefined }, [
    "kernel",
  ], 100);
  await pass(10_000);
  const before = new Map(used);
  await pass(10_000);
  const percentOf = (name: string) => {
    const pid = pids.get(name) ?? 0;
    return Math.round(((used.get(pid) ?? 0) - (before.get(pid) ?? 0)) * 10);
  };
  for (const name of ["a", "b"]) {
    assertEquals(Math.abs(percentOf(name) - 50) <= 5, true, `${name} used ${percentOf(name)} %`);
  }
  assertEquals(percentOf("kernel"), 100);
  assertMatch(
    said[0] ?? "",
    /^a: cpu of all agents limit: \d+\.\d % of a core used, 50\.0 % are its part of 100 %: throttled$/,
  );
  pids.delete("b");
  await pass(4000);
  const alone = stops.length;
  await pass(10_000);
  assertEquals(stops.length, alone);
  assertEquals(stops.findLast((what) => what.startsWith("a")), "a goes on");
  await end();
});

Deno.test("without a limit anywhere it looks once a second", async () => {
  const { clock, end } = open({ free: undefined });
  await clock.advance(10_000);
  assertEquals(clock.pendingMs, [1000]);
  await end();
});
