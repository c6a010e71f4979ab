/** `inspect` and `restart`: an operator looks at one agent, and gives it a fresh start. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type Stage, testOnStage } from "../support/stage.ts";

const KEEPER = "function setup(agent) { agent.persist('starts', agent.recall('starts', 0) + 1); }";

const restart = (stage: Stage, name: string) => stage.agent(name).press("restart");
const pidOf = async (stage: Stage, name: string) => (await stage.list()).get(name).pid;

testOnStage("inspect and restart", {}, {
  "inspect shows the config as it was spawned, and what the agent has kept": async (stage) => {
    const agent = await stage.spawn({
      name: "seen",
      code: KEEPER,
      description: "counts",
      of_a_planner: { plan: 7 },
    });
    // Said once `setup()` has returned.
    await agent.on("manifest");
    const answer = await stage.command("inspect", { name: "seen" });
    assertEquals(answer.ok, true);
    const { code, description, of_a_planner } = answer.config;
    assertEquals([code, description, of_a_planner], [KEEPER, "counts", { plan: 7 }]);
    assertEquals([answer.agent.name, answer.agent.state], ["seen", "running"]);
    assertEquals([answer.persisted, answer.persisted_bytes], [{ starts: 1 }, 12]);
  },

  "inspect sends no state that is too large for a message": async (stage) => {
    const code = "function setup(agent) { agent.persist('much', 'x'.repeat(2 * 1024 * 1024)); }";
    const agent = await stage.spawn({ name: "large", code });
    await agent.on("manifest");
    const { persisted, persisted_bytes } = await stage.command("inspect", { name: "large" });
    assertEquals([persisted, persisted_bytes], [null, 2 * 1024 * 1024 + 11]);
  },

  "inspect of what is not here is an error, of which only the asker hears": async (stage) => {
    const from = stage.bus.mark();
    const { ok, error } = await stage.command("inspect", { name: "nobody" });
    assertEquals(ok, false);
    assertMatch(error, /'nobody': it is not running/);
    // A mistake is for the node's log, too: what was said before it has arrived by then.
    assertMatch((await stage.command("inspect", { name: "../x" })).error, /must be \{"name": "agent"\}/);
    await stage.nodeLog(({ message }) => /must be/.test(message), from);
    const said = stage.bus.all(`agents/${stage.node.name}/logs`, from).map(({ json }) => json.message);
    assertEquals(said.filter((message) => /nobody/.test(message)), []);
  },

  "inspect tells what was said last, of an agent that has ended, too": async (stage) => {
    const code = "async function setup(agent) { await agent.log('here'); throw new Error('no device'); }";
    const agent = await stage.launch({ name: "brief", code });
    await agent.on("errors", ({ severity }) => severity === "fatal");
    const { ok, lines } = await stage.command("inspect", { name: "brief", recent: "logs" });
    const said = lines.map(({ agent, message }: { agent: string; message: string }) => [agent, message]);
    assertEquals([ok, said.at(-1)], [true, ["brief", "here"]]);
    const errors = await stage.command("inspect", { recent: "errors" });
    const { phase, error, traceback } = errors.lines.findLast(({ agent }: { agent: string }) =>
      agent === "brief"
    );
    assertEquals([phase, error], ["setup", "no device"]);
    assertMatch(traceback, /brief/);
    assertMatch((await stage.command("inspect", { recent: "all" })).error, /must be \{"recent": "logs" or/);
  },

  "restart gives a new process, and keeps what was kept": async (stage) => {
    const agent = await stage.spawn({ name: "again", code: KEEPER });
    const before = await pidOf(stage, "again");
    await agent.on("manifest");
    const from = stage.bus.mark();
    assertEquals(await restart(stage, "again"), { ok: true, agent: "again", command: "restart" });
    await agent.on("manifest", () => true, from);
    assertEquals((await stage.command("inspect", { name: "again" })).persisted, { starts: 2 });
    assertNotEquals(await pidOf(stage, "again"), before);
  },

  "restart of an agent that waits for its restart does not wait": async (stage) => {
    const agent = await stage.launch({
      name: "waiting",
      restart_delay: 60,
      code: "function setup(agent) { if (agent.recall('x')) return; agent.persist('x', 1); Deno.exit(1); }",
    });
    await agent.state("restarting");
    assertEquals((await restart(stage, "waiting")).ok, true);
    await agent.state("running");
  },

  "a paused agent is paused after its restart": async (stage) => {
    const agent = await stage.spawn({ name: "paused", code: "function process() {}" });
    await agent.press("pause");
    await agent.state("paused");
    const before = await pidOf(stage, "paused");
    const from = stage.bus.mark();
    await restart(stage, "paused");
    await agent.on("status", ({ state }) => state === "paused", from);
    assertNotEquals(await pidOf(stage, "paused"), before);
  },
});
