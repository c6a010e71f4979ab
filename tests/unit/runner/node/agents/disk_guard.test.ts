import { assertEquals } from "@std/assert";
import { DiskGuard } from "../../../../../runner/node/agents/disk_guard.ts";
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
  const guard = new DiskGuard({ clock, agents: () => agents, measure: (pid) => pid });
  const life = new AbortController();
  const running = guard.run(life.signal);
  await settled();
  await clock.advance(1000);
  assertEquals(ended, [["large", { limit: "temporary files", measured: 100, allowed: 64, unit: "MB" }]]);
  life.abort();
  await running;
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
