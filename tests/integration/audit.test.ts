/** The audit log tells what was asked of a node, and what it did. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readAudit } from "../support/signing.ts";
import { Stage } from "../support/stage.ts";

Deno.test("commands, permissions, failures and ends are written down, with who asked", async () => {
  await using stage = await Stage.set();
  await stage.spawn({ name: "good", code: "function process() {}" });
  const bad = await stage.launch({ name: "bad", code: "throw new Error('broken')" });
  await bad.state("failed");
  const dying = await stage.launch({
    name: "dying",
    code: "function process() { Deno.exit(3); }",
    max_restarts: 1,
    restart_delay: 0.01,
  });
  await dying.state("failed");
  await stage.command("stop", { name: "good" });
  assertEquals((await stage.command("stop", { name: "nobody" })).ok, false);
  await stage.node.end();
  const audit = await readAudit(stage.node.stateDir, stage.node.name);
  const of = (agent: string, event?: string) =>
    audit.filter((entry) => entry.agent === agent && (event === undefined || entry.event === event));
  assertEquals(of("good").map(({ event, command, outcome }) => [event, command, outcome]), [
    ["command", "spawn", "accepted"],
    ["launched", undefined, undefined],
    ["command", "stop", "accepted"],
    ["ended", undefined, { kind: "stopped", reason: "stop" }],
  ]);
  const [launched] = of("good", "launched");
  assert(Array.isArray(launched?.permissions) && Number.isInteger(launched.pid));
  const flags = launched.permissions.filter((flag) => String(flag).startsWith("--allow-net"));
  assertEquals(flags, [`--allow-net=127.0.0.1:${stage.broker.port}`]);
  assertEquals(of("bad", "error").map(({ phase, severity }) => [phase, severity]), [["compile", "fatal"]]);
  const crashes = of("dying", "error");
  assertEquals(crashes.map(({ severity }) => severity), ["warning", "fatal"]);
  assertMatch(String(crashes[0]?.error), /exited with code 3/);
  assertEquals(of("dying", "launched").length, 2);
  assertEquals(of("nobody").map(({ outcome, reason }) => [outcome, reason]), [
    ["accepted", undefined],
    ["failed", "Cannot stop 'nobody': it is not running on test-node"],
  ]);
  for (const { at, node } of audit) assertEquals([typeof at, node], ["number", "test-node"]);
});

Deno.test("a node whose audit log cannot be written says so once, and goes on", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "agentflow-state-" });
  await Deno.mkdir(`${stateDir}/agentflow_test-node.registry/audit.jsonl/in-the-way`, { recursive: true });
  {
    await using stage = await Stage.set({ stateDir });
    await stage.spawn({ name: "a", code: "function process() {}" });
    await stage.command("stop", { name: "a" });
    await stage.nodeLog(({ message }) => /Cannot write the audit log/.test(message));
    const said = stage.bus.all("agents/test-node/logs").filter(({ text }) => text.includes("audit log"));
    assertEquals(said.length, 1);
  }
  await Deno.remove(stateDir, { recursive: true });
});
