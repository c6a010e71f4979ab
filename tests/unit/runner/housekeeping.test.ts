import { assertEquals } from "@std/assert";
import { sayCpuLimits } from "../../../runner/housekeeping.ts";
import { createLogger } from "../../../runner/logger.ts";
import { parsePolicy } from "../../../runner/policy/parse.ts";
import type { Controller } from "../../../runner/process/cgroup_plan.ts";
import { noCgroups } from "../../../runner/process/cgroups.ts";

function said(controllers: Controller[] | string, mayStop: boolean, policy: unknown): string[] {
  const lines: string[] = [];
  const cgroups = typeof controllers === "string"
    ? noCgroups(controllers)
    : { reason: undefined, controllers, enter: () => undefined };
  const log = createLogger(
    "INFO",
    (line) => lines.push(line.slice(line.indexOf(" ") + 1).replace(/ +/, " ")),
  );
  sayCpuLimits(cgroups, mayStop, parsePolicy(JSON.stringify(policy), "p.json"), log);
  return lines;
}

Deno.test("what holds agents to their CPU share is said once, and that nothing does is a warning", () => {
  const limited = { agents: { a: { cpu_percent: 20 } } };
  assertEquals(said(["cpu", "memory"], false, limited), [
    "INFO Limits are enforced by cgroup v2: cpu, memory",
  ]);
  assertEquals(said(["memory"], true, limited), [
    "INFO Limits are enforced by cgroup v2: memory",
    "INFO CPU limits: by nice, and by short stops of agents over their limit, because its group has no cpu controller",
  ]);
  assertEquals(said("it is so", false, {}), ["INFO CPU limits: by nice only, because it is so"]);
  assertEquals(said("it is so", false, limited), [
    "WARNING CPU limits: by nice only, because it is so: cpu_percent and total_cpu_percent of p.json have no effect without setpriv (util-linux)",
  ]);
  assertEquals(said("it is so", false, { total_cpu_percent: 100 }).length, 1);
  assertEquals(said("it is so", false, { total_cpu_percent: 100 })[0]?.startsWith("WARNING"), true);
});
