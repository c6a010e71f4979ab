/** What is measured and counted: each agent's own, told in its heartbeat, its metrics and the node's list. */
import { assert, assertEquals } from "@std/assert";
import { testOnStage } from "../support/stage.ts";

testOnStage("metrics", {}, {
  "an agent's memory is measured from its first heartbeat on": async (stage) => {
    const agent = await stage.spawn({ name: "idle", code: "function setup() {}" });
    const { cpu, memory_mb, timestamp, placement, ...rest } = (await agent.state("running")).json;
    assert(memory_mb > 5 && memory_mb < 500, `${memory_mb} MiB`);
    assertEquals([cpu, timestamp, placement].map((each) => typeof each), ["number", "number", "string"]);
    const about = { actor_id: agent.id, name: "idle", node: "test-node" };
    assertEquals(rest, { ...about, state: "running", task: "running", protected: false, epoch: 0 });
  },

  "memory is the agent's own": async (stage) => {
    const code = `
      const kept = [];
      function handle_task() { kept.push(new Uint8Array(80 * 2 ** 20).fill(1)); return {}; }`;
    const big = await stage.spawn({ name: "big", code });
    const small = await stage.spawn({ name: "small", code });
    const memory = async (name: string): Promise<number> => (await stage.list()).get(name).memory_mb;
    const before = await memory("big");
    await big.task(null);
    assert(await memory("big") > before + 75);
    assert(await memory("small") < before + 40);
    assertEquals(small.states(), ["running"]);
  },

  "a busy agent uses more CPU than an idle one": async (stage) => {
    const code = `function handle_task(agent, seconds) {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end);
    }`;
    const busy = await stage.spawn({ name: "busy", code });
    await stage.spawn({ name: "lazy", code });
    await Promise.all([busy.on("manifest"), stage.agent("lazy").on("manifest", undefined, 0)]);
    const cpu = (agents: Awaited<ReturnType<typeof stage.list>>, name: string): number =>
      agents.get(name).cpu;
    await stage.list();
    await busy.task(0.5);
    const agents = await stage.list();
    assert(cpu(agents, "busy") > 0, "time is used");
    assert(
      cpu(agents, "busy") > cpu(agents, "lazy"),
      `${cpu(agents, "busy")} against ${cpu(agents, "lazy")}`,
    );
  },

  "list tells the process, state, restarts and age of each agent, in the order they came": async (stage) => {
    const code = "function process() { Deno.exit(3); }";
    const waiting = await stage.launch({ name: "waiting", code, restart_delay: 600 });
    await waiting.state("restarting");
    const from = stage.bus.mark();
    await stage.bus.publish("nodes/test-node/list", {});
    const { json } = await stage.bus.on("nodes/test-node/agents", undefined, from);
    assertEquals([json.node, typeof json.timestamp], ["test-node", "number"]);
    const names = json.agents.map(({ name }: { name: string }) => name);
    assertEquals(names, ["idle", "big", "small", "busy", "lazy", "waiting"]);
    for (const agent of json.agents) {
      const fields = [
        "actor_id",
        "cpu",
        "epoch",
        "memory_mb",
        "name",
        "pid",
        "restart_count",
        "state",
        "uptime",
      ];
      assertEquals(Object.keys(agent).sort(), fields);
      assert(agent.uptime > 0);
      assertEquals(agent.actor_id, stage.agent(agent.name).id);
      const { state, pid, restart_count, memory_mb } = agent;
      if (agent.name === "waiting") {
        assertEquals([state, pid, restart_count, memory_mb], ["restarting", null, 1, 0]);
      } else {
        assertEquals([state, restart_count], ["running", 0]);
        assert(memory_mb > 5);
        assert(Deno.statSync(`/proc/${pid}`).isDirectory);
      }
    }
  },

  "the counters of metrics count": async (stage) => {
    const code = `
      async function setup(agent) { await agent.subscribe("metrics/in", () => {}); }
      function handle_task(agent, payload) { if (payload === "throw") throw new Error("counted"); }`;
    const agent = await stage.spawn({ name: "counted", code });
    await agent.on("manifest");
    for (const payload of ["ok", "ok", "throw"]) await agent.task(payload);
    await stage.bus.publish("metrics/in", 1);
    const { json } = await agent.on("metrics", (metrics) => metrics.messages_processed === 4);
    const { uptime, actor_id, ...counters } = json;
    assertEquals(actor_id, agent.id);
    assert(uptime > 0);
    assertEquals(counters, { messages_processed: 4, errors: 1, tasks_completed: 2, tasks_failed: 1 });
  },

  "the heartbeats of the node and its agents come again by themselves": async (stage) => {
    const { json } = await stage.bus.on(
      "nodes/test-node/heartbeat",
      (beat) => beat.json.agents.includes("counted"),
    );
    assertEquals(json.agents, ["idle", "big", "small", "busy", "lazy", "waiting", "counted"]);
    assertEquals(json.agent_count, 7);
    const beats = stage.bus.all(stage.agent("idle").topic("heartbeat"));
    assert(beats.length > 1);
    assertEquals(beats.at(-1)?.json.state, "running");
    const waiting = stage.bus.all(stage.agent("waiting").topic("heartbeat")).at(-1);
    assertEquals([waiting?.json.state, waiting?.json.memory_mb], ["restarting", 0]);
  },

  "every change of state is told on the status topic": async (stage) => {
    const agent = await stage.spawn({ name: "changes", code: "function setup() {}" });
    await agent.press("pause");
    await agent.press("resume");
    await agent.press("stop");
    const told = agent.all("status");
    assertEquals(told.map((json) => json.state), ["running", "paused", "running", "stopped"]);
    for (const json of told) {
      assertEquals([json.actor_id, json.name], [agent.id, "changes"]);
      assertEquals([typeof json.uptime, typeof json.messages_processed], ["number", "number"]);
    }
  },
});
