/** An agent leaves: until the target has it, it stays; from the point of no return on, it is gone. Time and bus are fakes. */
import { assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../../../../protocol/ids.ts";
import { type FakeNode, fakeNode, type Report } from "../../../../support/fake_node.ts";
import { settled } from "../../../../support/fake_clock.ts";
import { untilSettled } from "../../../../support/until.ts";

const A = actorId("a");

/**
 * Runs agent `a` with something persisted, and begins to move it to node `t`.
 * @param before done when it runs
 */
async function departing(
  n: FakeNode,
  target: { status?: string; agents?: readonly string[] } | undefined,
  before: () => Promise<void> = () => Promise.resolve(),
) {
  const process = await n.spawn("a");
  await n.runtime.ready();
  await Deno.writeTextFile(stateFile(n), '{"n":1}');
  await before();
  await tell(n, "nodes/n/migrate", { name: "a", target_node: "t", _reply_topic: "moved" });
  await untilSettled("the target is asked", () => n.reports("nodes/t/list").length > 0);
  if (target !== undefined) {
    await tell(n, "nodes/t/status", { node: "t", status: target.status ?? "online" });
    const agents = (target.agents ?? []).map((name) => ({ name }));
    await tell(n, "nodes/t/agents", { node: "t", agents });
  }
  return process;
}

/** The same, up to the spawn at the target. @returns the id of the move */
async function handedOver(
  n: FakeNode,
): Promise<{ id: string; process: Awaited<ReturnType<typeof departing>> }> {
  const process = await departing(n, {});
  await untilSettled(
    "the agent is brought to rest",
    () => process?.sent.some(({ t }) => t === "hold") === true,
  );
  process?.says({ t: "held" });
  await untilSettled("the spawn is sent", () => n.reports("nodes/t/spawn").length > 0);
  const { migration } = n.reports("nodes/t/spawn")[0] as { migration: { id: string } };
  return { id: migration.id, process };
}

const stateFile = (n: FakeNode) => `${n.stateDir}/agentflow_a_state.json`;
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
const tell = (n: FakeNode, topic: string, value: Report) =>
  n.sendBytes(topic, new TextEncoder().encode(JSON.stringify(value)));
const arrives = (n: FakeNode) => tell(n, `agents/${A}/heartbeat`, { name: "a", node: "t", state: "running" });
const decisions = (n: FakeNode) => n.reports("nodes/t/migration").map(({ decision }) => decision);

async function result(n: FakeNode): Promise<Report> {
  await untilSettled("the move is answered", () => n.reports("moved").length > 0);
  return n.reports("moved")[0] as Report;
}

/** It goes on: let go of by nobody, and no other copy may begin. */
async function assertStays(n: FakeNode, reason: string): Promise<void> {
  assertEquals(await result(n), { ok: false, error: `Cannot migrate 'a': ${reason}` });
  assertEquals([n.runtime.last.ends, await exists(stateFile(n))], [[], true]);
}

Deno.test("a target that does not answer, is off, or has one of that name: the agent is not even held", async () => {
  const cases = [
    [undefined, "node 't' does not answer; is its name right?"],
    [{ status: "offline" }, "node 't' is offline"],
    [{ agents: ["a"] }, "node 't' already runs an agent of that name"],
  ] as const;
  for (const [target, reason] of cases) {
    await using n = await fakeNode();
    const process = await departing(n, target);
    await n.clock.advance(3000);
    await assertStays(n, reason);
    assertEquals([process?.sent.some(({ t }) => t === "hold"), n.reports("nodes/t/spawn")], [false, []]);
  }
});

Deno.test("once the target has it, this node lets go: process, state and record, and then says so", async () => {
  await using n = await fakeNode();
  const { id, process } = await handedOver(n);
  const [spawn] = n.reports("nodes/t/spawn");
  assertEquals([spawn?.node, spawn?.state], ["t", { n: 1 }]);
  assertEquals([decisions(n), process?.ends], [[], []], "nothing is decided before it has arrived");
  await arrives(n);
  assertEquals((await result(n)).ok, true);
  assertEquals([decisions(n), process?.ends.length], [["commit"], 1]);
  assertEquals(await exists(stateFile(n)), false);
  // A target that missed the word asks, and is answered from the record.
  await tell(n, "nodes/n/migration", { id, agent: "a", from: "t", query: true });
  await untilSettled("it is answered", () => decisions(n).length === 2);
  assertEquals(decisions(n), ["commit", "commit"]);
  // Somebody else's question about another move is answered with what holds: it is not theirs.
  await tell(n, "nodes/n/migration", { id: "other", agent: "a", from: "t", query: true });
  await untilSettled("it is answered", () => decisions(n).length === 3);
  assertEquals(decisions(n).at(-1), "abort");
});

Deno.test("a target that asks before anything is decided gets no answer", async () => {
  await using n = await fakeNode();
  const { id } = await handedOver(n);
  await tell(n, "nodes/n/migration", { id, agent: "a", from: "t", query: true, progress: "waiting" });
  await settled();
  assertEquals(decisions(n), []);
  await arrives(n);
  await result(n);
});

Deno.test("a target that refuses it: the agent goes on here, and the move is called off", async () => {
  await using n = await fakeNode();
  const { process } = await handedOver(n);
  await tell(n, `agents/${A}/errors`, { name: "a", node: "t", severity: "fatal", error: "no disk space" });
  await assertStays(n, "'t' refused it: no disk space. It keeps running here");
  assertEquals(decisions(n), ["abort"]);
  assertEquals(process?.sent.filter(({ t }) => t === "hold" || t === "release").map(({ t }) => t), [
    "hold",
    "release",
  ]);
});

Deno.test("a target that is silent until the time is up: called off; while it installs, it has ten times as long", async () => {
  await using n = await fakeNode();
  await handedOver(n);
  await tell(n, "agents/t/logs", { type: "installing", child_name: "a", message: "installing" });
  await n.clock.advance(299_000);
  assertEquals(n.reports("moved"), []);
  await n.clock.advance(2000);
  await assertStays(n, "'t' was not seen running it within 30 s. It keeps running here");
  assertEquals(decisions(n), ["abort"]);
});

Deno.test("an agent that is stopped while it moves is stopped everywhere", async () => {
  await using n = await fakeNode();
  await handedOver(n);
  await n.send("nodes/n/stop", { name: "a" });
  assertEquals((await result(n)).error, "Agent 'a' was stopped while it was moving");
  assertEquals(decisions(n), ["abort"]);
});

Deno.test("an agent is on one move at a time", async () => {
  await using n = await fakeNode();
  await handedOver(n);
  await tell(n, "nodes/n/migrate", { name: "a", target_node: "u", _reply_topic: "again" });
  await untilSettled("the second is answered", () => n.reports("again").length > 0);
  assertEquals(n.reports("again"), [{ ok: false, error: "Agent 'a' is already moving" }]);
  await arrives(n);
  assertEquals((await result(n)).ok, true);
});

Deno.test("a move that cannot be recorded is not made: the agent goes on here", async () => {
  await using n = await fakeNode();
  const process = await departing(n, {}, async () => {
    const kept = `${n.stateDir}/agentflow_n.registry/agents`;
    // At once: a removal could meet a record that is just being written.
    await Deno.rename(kept, `${kept}.away`);
    await Deno.writeTextFile(kept, "in the way of any record");
  });
  const { error } = await result(n);
  assertMatch(
    String(error),
    /^Cannot migrate 'a': its move cannot be stored on disk \(.*\)\. It keeps running here$/,
  );
  assertEquals([n.reports("nodes/t/spawn"), process?.ends], [[], []]);
  assertEquals(process?.sent.some(({ t }) => t === "hold"), false, "it has not even been held");
});

Deno.test("an agent that does not come to rest stays, and nothing says any more that it leaves", async () => {
  await using n = await fakeNode();
  const process = await departing(n, {});
  await untilSettled(
    "it is asked to come to rest",
    () => process?.sent.some(({ t }) => t === "hold") === true,
  );
  assertEquals(
    n.registry.find("a")?.leaving?.to,
    "t",
    "the move is recorded before: the agent waits for no disk",
  );
  // About an earlier stay there, perhaps: nothing has been sent yet.
  await arrives(n);
  await n.clock.advance(30_000);
  await assertStays(n, "its current work did not end within 30 s");
  assertEquals([n.reports("nodes/t/spawn"), n.registry.find("a")?.leaving], [[], undefined]);
});

Deno.test("a node that ended in the middle of a move has kept the agent, and tells the target", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  const first = await fakeNode(stateDir);
  await handedOver(first);
  const left = await Deno.makeTempDir({ prefix: "agentflow-test-" });
  // As it lies on the disk at this moment: a power cut.
  await copyFolder(stateDir, left);
  await first[Symbol.asyncDispose]();
  await using second = await fakeNode(left);
  await untilSettled("the target is told", () => decisions(second).length > 0);
  assertEquals(decisions(second), ["abort"]);
  await second.runtime.ready();
  assertEquals(second.states().at(-1), "running");
});

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (isDirectory) {
      await Deno.mkdir(`${to}/${name}`, { recursive: true, mode: 0o700 });
      await copyFolder(`${from}/${name}`, `${to}/${name}`);
    } else if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
