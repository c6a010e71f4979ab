/** `spawn` and `desired_state`: what starts an agent, and what does not. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Message } from "../support/bus.ts";
import { startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { testOnStage } from "../support/stage.ts";

const IDLE = "function setup(agent) { return agent.log('set up ' + agent.name); }";
const COUNTING = `
function setup(agent) {
  agent.persist("starts", agent.recall("starts", 0) + 1);
}
function handle_task(agent) {
  return { version: VERSION, starts: agent.recall("starts") };
}`;

testOnStage("spawn", {}, {
  "a spawn is told in order: spawned, retained command cleared, running, setup's logs, manifest": async (
    stage,
  ) => {
    const agent = stage.agent("ordered");
    const from = stage.bus.mark();
    await stage.launch({ name: "ordered", code: IDLE });
    await agent.on("manifest");
    const about = stage.bus.messages.slice(from).filter(({ topic, text }) =>
      topic === "agents/test-node/logs" || (topic === "nodes/test-node/spawn" && text === "") ||
      [agent.topic("heartbeat"), agent.topic("logs"), agent.topic("manifest")].includes(topic)
    );
    assertEquals(about.map(({ topic }) => topic), [
      "agents/test-node/logs",
      "nodes/test-node/spawn",
      agent.topic("heartbeat"),
      agent.topic("logs"),
      agent.topic("manifest"),
    ]);
    const [spawned] = about as [Message];
    const { timestamp, ...rest } = spawned.json;
    assertEquals(rest, {
      type: "spawned",
      message: "Remote agent 'ordered' started on test-node",
      child_name: "ordered",
      node: "test-node",
    });
    assert(Math.abs(timestamp - Date.now() / 1000) < 3600, "timestamps are epoch seconds");
  },

  "a retained spawn is gone from the broker once it is taken over": async (stage) => {
    const config = { name: "kept", node: "test-node", code: IDLE };
    await stage.bus.publish("nodes/test-node/spawn", config, { retain: true });
    await stage.agent("kept").on("manifest", undefined, 0);
    assertEquals(await stage.retained("nodes/test-node/spawn"), "");
  },

  "a second spawn of a running agent is ignored, logged, cleared and answered": async (stage) => {
    const agent = await stage.spawn({ name: "twice", code: IDLE });
    await agent.on("manifest");
    const pid = (await stage.list()).get("twice").pid;
    const from = stage.bus.mark();
    await stage.bus.publish("nodes/test-node/spawn", { name: "twice", code: IDLE }, { retain: true });
    const log = await stage.nodeLog((json) => json.child_name === "twice", from);
    assertEquals(log.json.type, "log");
    assertMatch(log.json.message, /already running/);
    await stage.bus.on("nodes/test-node/spawn", ({ text }) => text === "", from);
    assertEquals(await stage.retained("nodes/test-node/spawn"), "");
    const answer = await stage.command("spawn", { name: "twice", code: IDLE });
    assertEquals([answer.ok, answer.agent, answer.already_running], [true, "twice", true]);
    assertEquals((await stage.list()).get("twice").pid, pid);
    assertEquals(agent.states(from), []);
  },

  "a spawn that arrives twice at once starts one agent": async (stage) => {
    const agent = stage.agent("burst");
    const config = { name: "burst", node: "test-node", code: IDLE };
    await Promise.all([
      stage.bus.publish("nodes/test-node/spawn", config),
      stage.bus.publish("nodes/test-node/desired_state", {
        node: "test-node",
        agents: [config],
        timestamp: 1,
      }),
      stage.bus.publish("nodes/test-node/spawn", config),
    ]);
    await agent.on("manifest");
    await stage.list();
    assertEquals(agent.all("logs").map((json) => json.message), ["set up burst"]);
    assertEquals(agent.all("manifest").length, 1);
    const spawned = stage.bus.all("agents/test-node/logs").filter(({ json }) =>
      json.type === "spawned" && json.child_name === "burst"
    );
    assertEquals(spawned.length, 1);
  },

  "replace stops the old agent, then starts the new one, which finds the state file": async (stage) => {
    const old = await stage.spawn({ name: "replaced", code: COUNTING.replace("VERSION", "1") });
    assertEquals(await old.task(null), { version: 1, starts: 1 });
    const agent = stage.agent("replaced");
    await stage.launch({ name: "replaced", replace: true, code: COUNTING.replace("VERSION", "2") });
    await agent.state("running");
    assertEquals(agent.states(), ["stopped", "running"]);
    assertEquals(await agent.task(null), { version: 2, starts: 2 });
    assertEquals([...(await stage.list()).keys()].filter((name) => name === "replaced").length, 1);
  },

  "replace of a name that is free is a plain spawn": async (stage) => {
    const agent = await stage.spawn({ name: "fresh", replace: true, code: IDLE });
    assertEquals(agent.states(), ["running"]);
  },

  "desired_state starts what is missing, and stops or clears nothing": async (stage) => {
    const runs = await stage.spawn({ name: "present", code: IDLE });
    const other = await stage.spawn({ name: "unlisted", code: IDLE });
    const from = stage.bus.mark();
    const pids = await stage.list();
    const agents = ["present", "absent"].map((name) => ({ name, node: "test-node", code: IDLE }));
    const state = { node: "test-node", agents, timestamp: 1 };
    const answer = await stage.command("desired_state", state);
    assertEquals(answer, { ok: true, started: ["absent"] });
    await stage.agent("absent").state("running", from);
    await stage.bus.publish("nodes/test-node/desired_state", state, { retain: true });
    const after = await stage.list();
    for (const name of ["present", "unlisted"]) assertEquals(after.get(name).pid, pids.get(name).pid);
    assertEquals([...runs.states(from), ...other.states(from)], []);
    assertEquals(JSON.parse(await stage.retained("nodes/test-node/desired_state")), state);
    await stage.bus.publish("nodes/test-node/desired_state", "", { retain: true });
  },

  "desired_state starts the good entries beside a bad one, and names the bad one": async (stage) => {
    const agents = [{ name: "no/name", code: IDLE }, { name: "good", code: IDLE }];
    const answer = await stage.command("desired_state", { node: "test-node", agents });
    assertEquals(answer.ok, false);
    assertStringIncludes(answer.error, "no/name");
    await stage.agent("good").state("running", 0);
  },

  "an agent that failed, was stopped or never compiled can be spawned again without replace": async (
    stage,
  ) => {
    const endings: Record<string, (name: string) => Promise<void>> = {
      "never-compiled": async (name) => {
        await (await stage.launch({ name, code: "const x = (" })).state("failed");
      },
      "never-set-up": async (name) => {
        await (await stage.launch({ name, code: "function setup() { throw 1 }" })).state("failed");
      },
      "spent": async (name) => {
        const code = "function process() { Deno.exit(3) }";
        await (await stage.launch({ name, code, max_restarts: 0 })).state("failed");
      },
      "was-stopped": async (name) => {
        await (await stage.spawn({ name, code: IDLE })).on("manifest");
        assertEquals((await stage.command("stop", { name })).ok, true);
      },
    };
    for (const [name, end] of Object.entries(endings)) {
      await end(name);
      assertEquals((await stage.list()).has(name), false, `${name} is listed`);
      const again = await stage.spawn({ name, code: IDLE });
      await again.logged(`set up ${name}`);
    }
  },

  "a spawn is answered with the agent and its id, or with what is wrong": async (stage) => {
    const good = await stage.command("spawn", { name: "sensor", code: IDLE });
    assertEquals(good, { ok: true, agent: "sensor", actor_id: "17561c67-335f-5ec9-ae51-71d168d17181" });
    const bad = await stage.command("spawn", { name: "sensor2", code: IDLE, node: "elsewhere" });
    assertEquals(bad.ok, false);
    assertStringIncludes(bad.error, "elsewhere");
    const log = await stage.nodeLog((json) => json.type === "error" && json.message === bad.error);
    assertEquals(log.json.node, "test-node");
    assertEquals((await stage.list()).has("sensor2"), false);
  },

  "an agent that waits for its restart counts as running": async (stage) => {
    const code = "function process() { Deno.exit(3) }";
    const agent = await stage.launch({ name: "waiting", code, restart_delay: 600 });
    await agent.state("restarting");
    assertEquals((await stage.command("spawn", { name: "waiting", code: IDLE })).already_running, true);
    const { started } = await stage.command("desired_state", { agents: [{ name: "waiting", code: IDLE }] });
    assertEquals(started, []);
    assertEquals((await stage.list()).get("waiting").state, "restarting");
  },

  "an agent in its setup counts as running": async (stage) => {
    const code = "async function setup() { await new Promise((resolve) => setTimeout(resolve, 600_000)); }";
    await stage.spawn({ name: "setting-up", code });
    assertEquals((await stage.command("spawn", { name: "setting-up", code: IDLE })).already_running, true);
  },
});

Deno.test("commands that were retained before the node existed start their agents", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  const agents = ["a1", "a2"].map((name) => ({ name, node: "test-node", code: IDLE }));
  const desired = { node: "test-node", agents, timestamp: 1 };
  await bus.publish("nodes/test-node/desired_state", desired, { retain: true });
  await bus.publish("nodes/test-node/spawn", { name: "a3", node: "test-node", code: IDLE }, { retain: true });
  await using node = await NodeProcess.start({ port: broker.port });
  const ready = ["a1", "a2", "a3"].map((name) =>
    bus.find(`log of ${name}`, ({ json }) => json?.message === `set up ${name}`)
  );
  await Promise.all(ready);
  const { json: { agents: listed } } = await bus.ask(`nodes/${node.name}/list`, {});
  assertEquals(listed.map(({ name }: { name: string }) => name).sort(), ["a1", "a2", "a3"]);
});
