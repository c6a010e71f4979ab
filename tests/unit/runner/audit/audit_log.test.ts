import { assertEquals, assertMatch } from "@std/assert";
import { AuditLog } from "../../../../runner/audit/audit_log.ts";

async function inFolder(
  work: (
    make: (limits?: { maxBytes?: number; keep?: number }) => AuditLog,
    path: string,
    problems: string[],
  ) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const path = `${dir}/audit.jsonl`;
  const problems: string[] = [];
  const make = (limits = {}) =>
    new AuditLog({
      path,
      node: "n",
      now: () => 7,
      onProblem: (message) => problems.push(message),
      ...limits,
    });
  await work(make, path, problems);
  await Deno.remove(dir, { recursive: true });
}

const written = async (audit: AuditLog) => await audit[Symbol.asyncDispose]();
const lines = async (path: string) =>
  (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));

Deno.test("what is recorded is appended in order, readable for the owner alone", async () => {
  await inFolder(async (make, path) => {
    const first = make();
    first.record({ event: "refused", code: "unsigned" });
    first.record({ event: "command", n: 1 });
    await written(first);
    const second = make();
    second.record({ event: "ended" });
    await written(second);
    assertEquals(await lines(path), [
      { at: 7, node: "n", event: "refused", code: "unsigned" },
      { at: 7, node: "n", event: "command", n: 1 },
      { at: 7, node: "n", event: "ended" },
    ]);
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("files are turned over at their limit, and the oldest goes", async () => {
  await inFolder(async (make, path) => {
    const audit = make({ maxBytes: 100, keep: 2 });
    for (let n = 0; n < 10; n += 1) {
      audit.record({ event: "command", n });
      await written(audit);
    }
    const dir = path.slice(0, path.lastIndexOf("/"));
    const files = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
    assertEquals(files, ["audit.1.jsonl", "audit.2.jsonl", "audit.jsonl"]);
    const kept = await Promise.all([`${dir}/audit.2.jsonl`, `${dir}/audit.1.jsonl`, path].map(lines));
    assertEquals(kept.flat().map(({ n }) => n), [4, 5, 6, 7, 8, 9]);
  });
});

Deno.test("a disk that refuses is said once, and what was missed is counted", async () => {
  await inFolder(async (make, path, problems) => {
    const audit = make();
    await Deno.mkdir(path);
    for (let n = 0; n < 3; n += 1) {
      audit.record({ event: "command", n });
      await written(audit);
    }
    assertEquals(problems.length, 1);
    assertMatch(problems.join(), /Cannot write the audit log/);
    await Deno.remove(path);
    audit.record({ event: "ended" });
    await written(audit);
    assertEquals((await lines(path)).map(({ event, lines }) => [event, lines]), [
      ["missed", 3],
      ["ended", undefined],
    ]);
  });
});

Deno.test("more than memory has room for is counted, not kept", async () => {
  await inFolder(async (make, path) => {
    const audit = make();
    for (let n = 0; n < 5000; n += 1) audit.record({ event: "refused", n });
    await written(audit);
    audit.record({ event: "ended" });
    await written(audit);
    const kept = await lines(path);
    assertEquals(kept.filter(({ event }) => event === "refused").length, 2000);
    assertEquals(kept.find(({ event }) => event === "missed").lines, 3000);
  });
});
