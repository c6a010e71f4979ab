/** Control groups: on a folder that stands in for the kernel's, and on the kernel's own where this machine lets us. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openCgroups, useCgroups } from "../../runner/process/cgroups.ts";
import { type Need, needing } from "../support/programs.ts";

/** What all agents are held to. */
const ALL = { cpuPercent: 180, memoryMb: 1000, tasks: 2000 };

const read = (folder: string, ...path: string[]) => Deno.readTextFile(join(folder, ...path));

/** A folder with the files of a delegated group, and the `/proc` of a process in it. */
async function standIn(type = "domain") {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-cgroup-" });
  const [proc, group] = [join(dir, "proc"), join(dir, "fs", "unit")];
  await Deno.mkdir(proc);
  await Deno.mkdir(group, { recursive: true });
  await Deno.writeTextFile(join(proc, "mounts"), `cgroup2 ${join(dir, "fs")} cgroup2 rw 0 0\n`);
  await Deno.writeTextFile(join(proc, "cgroup"), "0::/unit\n");
  const files = {
    "cgroup.procs": "42\n",
    "cgroup.subtree_control": "",
    "cgroup.type": type,
    "cgroup.controllers": "cpu memory\n",
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(group, name), text);
  return { dir, proc, group };
}

Deno.test("a delegated group gets one for the node, one for all agents and one for each, with their limits, and these are cleared", async () => {
  const { dir, proc, group } = await standIn();
  const cgroups = await openCgroups(42, ALL, proc);
  assertEquals([cgroups.reason, cgroups.controllers], [undefined, ["cpu", "memory"]]);
  assertEquals(await read(group, "agentflow-node", "cgroup.procs"), "42");
  const agents = join(group, "agentflow-agents");
  for (const one of [group, agents]) {
    assertEquals(await read(one, "cgroup.subtree_control"), "+cpu +memory");
  }
  assertEquals(await read(agents, "cpu.max"), "180000 100000");
  assertEquals(await read(agents, "memory.max"), String(1064 * 1024 * 1024));
  const limits = { cpuPercent: 50, memoryMb: 100 };
  const entered = cgroups.enter("cam-1", 77, limits);
  assert(entered !== undefined && entered.limitsCpu);
  const own = join(agents, "agent-cam-1");
  assertEquals(await read(own, "cgroup.procs"), "77");
  assertEquals(await read(own, "cpu.max"), "50000 100000");
  assertEquals(await read(own, "memory.max"), String(164 * 1024 * 1024));
  assertEquals(await entered.leave(), undefined);
  assertEquals(await read(own, "cgroup.kill"), "1");
  // Its next process, which the kernel ends.
  const again = cgroups.enter("cam-1", 78, limits);
  await Deno.writeTextFile(join(own, "memory.events"), "oom 1\noom_kill 1\n");
  await Deno.writeTextFile(join(own, "memory.peak"), String(165 * 1024 * 1024));
  assertEquals(await again?.leave(), 165);
  // One ended long ago is not this one's fault.
  assertEquals(await cgroups.enter("cam-1", 79, limits)?.leave(), undefined);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a group that cannot be used, or a limit that the kernel refuses, leaves agents to the node", async () => {
  const root = await standIn("");
  assertEquals(
    (await openCgroups(42, ALL, root.proc)).reason,
    "the node runs in the root group of cgroup v2",
  );
  assertEquals(
    (await openCgroups(1, ALL, root.proc)).enter("a", 1, { cpuPercent: 50, memoryMb: 100 }),
    undefined,
  );
  assert((await openCgroups(42, ALL, join(root.dir, "nowhere"))).reason?.includes("No such file"));
  const { dir, proc, group } = await standIn();
  const cgroups = await openCgroups(42, ALL, proc);
  // Where the agent's folder should be, something is in the way.
  await Deno.writeTextFile(join(group, "agentflow-agents", "agent-a"), "");
  assertEquals(cgroups.enter("a", 1, { cpuPercent: 50, memoryMb: 100 }), undefined);
  for (const folder of [root.dir, dir]) await Deno.remove(folder, { recursive: true });
});

/** A group of the test's own in the kernel's hierarchy, as far as root may make one here. */
function realGroup(): string | undefined {
  try {
    const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n");
    const mount = mounts.find((line) => line.split(" ")[2] === "cgroup2")?.split(" ")[1];
    if (mount === undefined || Deno.uid() !== 0) return undefined;
    const folder = join(mount, `agentflow-test-${crypto.randomUUID().slice(0, 8)}`);
    Deno.mkdirSync(folder);
    Deno.removeSync(folder);
    return folder;
  } catch {
    // Mounted read-only, as in most containers.
    return undefined;
  }
}

const REAL = realGroup();
const CGROUPS: Need = {
  name: "a cgroup v2 that may be written",
  isThere: REAL !== undefined,
  remedy: "run the tests as root, where cgroup2 is mounted read-write",
};

Deno.test({
  ...needing(
    CGROUPS,
    "in the kernel's own hierarchy a process is moved, and what it has started ends with it",
  ),
  fn: async () => {
    const folder = REAL ?? "";
    const agents = join(folder, "agentflow-agents");
    await Deno.mkdir(folder);
    try {
      const plan = { kind: "use", folder, moveSelf: false, controllers: [] } as const;
      const cgroups = useCgroups(plan, Deno.pid, ALL);
      const child = new Deno.Command("sh", {
        args: ["-c", "read x; sleep 600 & echo $!; exit 0"],
        stdin: "piped",
        stdout: "piped",
      })
        .spawn();
      const group = cgroups.enter("a", child.pid, { cpuPercent: undefined, memoryMb: 100 });
      assert(group !== undefined);
      assertEquals(await read(agents, "agent-a", "cgroup.procs"), `${child.pid}\n`);
      const stdin = child.stdin.getWriter();
      await stdin.write(new TextEncoder().encode("\n"));
      await stdin.close();
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      const grandchild = new TextDecoder().decode(value).trim();
      await child.status;
      assertEquals(await read(agents, "agent-a", "cgroup.procs"), `${grandchild}\n`);
      assertEquals(await group.leave(), undefined);
      // It has held the pipe open.
      while (!(await reader.read()).done);
      await assertRejects(async () => {
        for (let tries = 0; tries < 10_000; tries++) {
          await Deno.stat(join(agents, "agent-a"));
          await Deno.remove(join(agents, "agent-a")).catch(() => {});
        }
      }, Deno.errors.NotFound);
    } finally {
      await Deno.remove(agents);
      await Deno.remove(folder);
    }
  },
});
