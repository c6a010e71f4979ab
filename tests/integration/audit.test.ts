/** The audit log tells what was asked of a node, and what it did. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import { policed } from "../support/policed.ts";
import { readAudit } from "../support/signing.ts";
import { Stage } from "../support/stage.ts";
import { until } from "../support/until.ts";

/** Fails unless `entry` has all of `expected`. */
function assertHas(entry: Record<string, unknown> | undefined, expected: Record<string, unknown>): void {
  assertEquals(Object.fromEntries(Object.keys(expected).map((key) => [key, entry?.[key]])), expected);
}

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
    ["exited", undefined, undefined],
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

Deno.test("what the policy refuses is an event of its own, on the bus too; so is what agents try, and every kill", async () => {
  await using here = await policed(
    { permissions: { read: ["{dir}/open"] }, agents: { hog: { memory_mb: 100 } } },
    ["--hang-timeout", "3"],
  );
  const { bus, node, dir, ask } = here;
  const from = bus.mark();
  const refused = await ask({ name: "greedy", code: "// nothing", permissions: { read: ["/etc/hostname"] } });
  const desired = { agents: [{ name: "curious", code: "// nothing", permissions: { net: ["a.example"] } }] };
  await bus.ask(`nodes/${node.name}/desired_state`, desired);
  const { json: mirrored } = await bus.on(`nodes/${node.name}/audit`, undefined, from);
  await ask({
    name: "prowler",
    code: `async function setup(agent) {
      for (const path of ["/etc/passwd", "/etc/shadow"]) try { Deno.readTextFileSync(path); } catch { /* refused */ }
      try { await fetch("http://127.0.0.2:4711/"); } catch { /* refused */ }
      try { await agent.publish("nodes/x/spawn", "{}"); } catch { /* refused by the harness */ }
      console.log(agent.recall("count", 0));
      agent.persist("count", 1);
      Deno.stdout.writeSync(new TextEncoder().encode('\\n{"t":"publish","topic":"nodes/x/spawn","qos":0,"retain":false,"text":"{}"}\\n'));
      await agent.publish("prowled", 1);
    }`,
  });
  await bus.on("prowled");
  await ask({
    name: "hog",
    max_restarts: 0,
    code: `function process(agent) { agent.state.kept = new Uint8Array(150 << 20).fill(1); }`,
  });
  await ask({ name: "stuck", max_restarts: 0, code: `function process() { for (;;); }` });
  const failed = (name: string) =>
    bus.find(
      `end of ${name}`,
      ({ json }) => json?.agent === name && json.severity === "fatal",
      from,
      60_000,
    );
  await failed("hog");
  await failed("stuck");
  const log = bus.all(`agents/${actorId("prowler")}/logs`).map(({ json }) => json.message);
  assertEquals(log.filter((message) => message.includes("datetime")), []);
  await node.end();

  const audit = await readAudit(node.stateDir, node.name);
  const of = (event: string, agent?: string) =>
    audit.filter((entry) => entry.event === event && (agent === undefined || entry.agent === agent));
  const rule = `permissions.read of ${dir}/policy.json`;
  const [greedy, curious] = of("refused");
  assertHas(greedy, {
    code: "policy",
    agent: "greedy",
    entry: "permissions.read /etc/hostname",
    rule,
    reason: refused.error,
  });
  assertHas(mirrored, { event: "refused", code: "policy", agent: "greedy", rule });
  assertHas(curious, { agent: "curious", entry: "permissions.net a.example" });
  // What a slow machine takes longer for is in a second record.
  const tried = (kind: string) =>
    of("denied", "prowler").flatMap((entry) => (entry.tried as Record<string, string[]>)[kind] ?? []);
  assertEquals([...new Set(tried("read"))].sort(), ["/etc/passwd", "/etc/shadow"]);
  assertEquals(new Set(tried("net")), new Set(["127.0.0.2:4711"]));
  assertEquals(new Set(tried("publish")), new Set(["nodes/x/spawn"]));
  // The state file is its own.
  assert(!JSON.stringify(of("denied")).includes("state.json"));
  const [memory] = of("killed", "hog");
  assertHas(memory, { limit: "memory", allowed: 100, unit: "MB" });
  assert(Number(memory?.measured) > 100);
  const [hung] = of("killed", "stuck");
  assertHas(hung, { limit: "unresponsive", allowed: 3, unit: "s" });
  assert(Number(hung?.measured) >= 3);
  assertEquals(of("exited", "hog").map(({ reason }) => reason), ["process was killed by SIGKILL"]);
});

Deno.test("an agent that tries the same without end makes one line a minute, and keeps nobody waiting", async () => {
  await using here = await policed();
  const { bus, node, ask } = here;
  await node.spawn(bus, {
    name: "neighbour",
    code: "function handle_task(agent, payload) { return { payload }; }",
  });
  const code =
    `function process() { for (;;) try { Deno.readTextFileSync("/etc/passwd"); } catch { /* refused */ } }`;
  await ask({ name: "prowler", code });
  const path = `${node.stateDir}/agentflow_${node.name}.registry/audit.jsonl`;
  await until("a denial is written down", async () => (await Deno.readTextFile(path)).includes('"denied"'));
  for (let n = 0; n < 20; n++) {
    assertEquals((await bus.ask("agents/by-name/neighbour/task", { payload: n })).json, { payload: n });
  }
  assertEquals((await bus.ask(`nodes/${node.name}/stop`, { name: "prowler" })).json.ok, true);
  await node.end();
  const denied = (await readAudit(node.stateDir, node.name)).filter(({ event }) => event === "denied");
  // The second is what was counted until the end.
  assert(denied.length <= 2, JSON.stringify(denied));
  for (const { agent, tried } of denied) assertEquals([agent, tried], ["prowler", { read: ["/etc/passwd"] }]);
});
