import { assertEquals } from "@std/assert";
import {
  allLimitFiles,
  cgroupMount,
  cgroupPath,
  type GroupFacts,
  limitFiles,
  oomKills,
  planCgroups,
} from "../../../../runner/process/cgroup_plan.ts";

const OWN: GroupFacts = {
  folder: "/sys/fs/cgroup/system.slice/agentflow.service",
  writable: true,
  isRoot: false,
  controllers: ["cpuset", "cpu", "io", "memory", "pids"],
  pids: [7],
};
const plan = (own: Partial<GroupFacts> | undefined, above?: Partial<GroupFacts>) =>
  planCgroups({
    pid: 7,
    own: own === undefined ? undefined : { ...OWN, ...own },
    above: above === undefined ? undefined : { ...OWN, pids: [], ...above },
  });
const reason = (own: Partial<GroupFacts> | undefined) => {
  const planned = plan(own);
  return planned.kind === "none" ? planned.reason : planned;
};

Deno.test("a group that was handed over is used, once this process has left it for one below", () => {
  assertEquals(plan({}, { writable: false }), {
    kind: "use",
    folder: OWN.folder,
    moveSelf: true,
    controllers: ["cpu", "memory", "pids"],
  });
  assertEquals(plan({ controllers: ["memory"] }), {
    kind: "use",
    folder: OWN.folder,
    moveSelf: true,
    controllers: ["memory"],
  });
});

Deno.test("where systemd has put this process into a group of its own below, that one's parent is used", () => {
  const own = { folder: `${OWN.folder}/agentflow-node` };
  assertEquals(plan(own, {}), {
    kind: "use",
    folder: OWN.folder,
    moveSelf: false,
    controllers: ["cpu", "memory", "pids"],
  });
  // Somebody else is in the parent: then it is not for agents.
  assertEquals(plan(own, { pids: [1] }), {
    kind: "use",
    folder: own.folder,
    moveSelf: true,
    controllers: ["cpu", "memory", "pids"],
  });
});

Deno.test("where no group may be used the reason is said", () => {
  assertEquals(reason(undefined), "this system has no cgroup v2");
  assertEquals(reason({ isRoot: true }), "the node runs in the root group of cgroup v2");
  assertEquals(
    reason({ writable: false }),
    `its group ${OWN.folder} is not handed over to it (Delegate=yes in a unit of systemd)`,
  );
  assertEquals(reason({ pids: [7, 8] }), `other processes are in its group ${OWN.folder}`);
  assertEquals(
    reason({ controllers: ["hugetlb"] }),
    `its group ${OWN.folder} has none of the controllers cpu, memory, pids`,
  );
});

Deno.test("limits become the files of a group, as far as it has the controllers", () => {
  const limits = { cpuPercent: 50, memoryMb: 256 };
  assertEquals(limitFiles(limits, ["cpu", "memory", "pids"]), {
    "cpu.max": "50000 100000",
    "memory.max": String(320 * 1024 * 1024),
    "memory.oom.group": "1",
    "pids.max": "512",
  });
  assertEquals(limitFiles({ ...limits, cpuPercent: 150 }, ["cpu"]), { "cpu.max": "150000 100000" });
  assertEquals(limitFiles({ ...limits, cpuPercent: undefined }, ["cpu"]), {});
});

Deno.test("limits of all agents become the files of the group of their groups", () => {
  const all = { cpuPercent: 180, memoryMb: 1000, tasks: 2000 };
  assertEquals(allLimitFiles(all, ["cpu", "memory", "pids"]), {
    "cpu.max": "180000 100000",
    "memory.max": String(1064 * 1024 * 1024),
    "pids.max": "2000",
  });
  assertEquals(allLimitFiles(all, ["pids"]), { "pids.max": "2000" });
});

Deno.test("what the kernel says of groups is read", () => {
  assertEquals(
    cgroupMount("proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup\\040x cgroup2 rw 0 0"),
    "/sys/fs/cgroup x",
  );
  assertEquals(cgroupMount("cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0"), undefined);
  assertEquals(cgroupPath("4:memory:/x\n0::/system.slice/a.service\n"), "/system.slice/a.service");
  assertEquals(cgroupPath("4:memory:/x\n"), undefined);
  assertEquals(oomKills("low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n"), 2);
  assertEquals(oomKills(""), 0);
});
