import { assertEquals } from "@std/assert";
import { Leftovers } from "../../../../runner/process/leftovers.ts";

const sleeper = () => new Deno.Command("sleep", { args: ["60"], stdin: "null" }).spawn();

Deno.test("what was noted and still runs is ended; what has ended, or is another process by now, is not", async () => {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-leftovers-" });
  const [left, ended, other] = [sleeper(), sleeper(), sleeper()];
  try {
    const before = new Leftovers(dir);
    for (const { pid } of [left, ended]) before.add(pid);
    before.remove(ended.pid);
    // A note of one that began earlier, under the number of another: two that begin at once have one time.
    const note = JSON.parse(await Deno.readTextFile(`${dir}/${left.pid}`));
    await Deno.writeTextFile(`${dir}/${other.pid}`, JSON.stringify({ ...note, start: note.start - 1 }));
    await Deno.writeTextFile(`${dir}/not-a-number`, "x");
    assertEquals(new Leftovers(dir).endAll(), 1);
    assertEquals((await left.status).signal, "SIGKILL");
    assertEquals([...Deno.readDirSync(dir)], []);
    assertEquals(new Leftovers(dir).endAll(), 0);
  } finally {
    for (const child of [ended, other]) child.kill("SIGTERM");
    assertEquals((await ended.status).signal, "SIGTERM");
    assertEquals((await other.status).signal, "SIGTERM");
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a folder that is not there, or cannot be written, is no error", () => {
  const leftovers = new Leftovers("/proc/nowhere");
  leftovers.add(Deno.pid);
  leftovers.remove(Deno.pid);
  assertEquals(leftovers.endAll(), 0);
});
