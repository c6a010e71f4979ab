import { assertEquals } from "@std/assert";
import { DEFAULT_POLICY } from "../../../../runner/policy/policy.ts";
import { totalsOf } from "../../../../runner/policy/totals.ts";

const SUPPLIES = { memoryMb: 4000, cores: 4, diskMb: 10_001 };

Deno.test("without a policy, all agents together leave a part of the machine to others", () => {
  assertEquals(totalsOf(DEFAULT_POLICY, SUPPLIES), {
    memoryMb: 3000,
    cpuPercent: 360,
    diskMb: 5000,
    tasks: 32_512,
  });
});

Deno.test("what the policy says of all agents is what they may use", () => {
  const policy = {
    ...DEFAULT_POLICY,
    max_agents: 2,
    total_memory_mb: 500,
    total_cpu_percent: 50,
    total_disk_mb: 8,
  };
  assertEquals(totalsOf(policy, SUPPLIES), { memoryMb: 500, cpuPercent: 50, diskMb: 8, tasks: 576 });
});
