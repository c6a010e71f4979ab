/** `stop` and the buttons of a dashboard: an agent can be stopped at any moment of its life. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { Stage, testOnStage } from "../support/stage.ts";
import { untilGone } from "../support/processes.ts";

const IDLE = "function setup(agent) { return agent.log('set up'); }";

/** Accepts connections, and never answers. */
class SilentServer implements AsyncDisposable {
  readonly #connections: Deno.Conn[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting = this.#accept();
  readonly url = `http://127.0.0.1:${this.#listener.addr.port}/`;
  #onConnection: () => void = () => {};
  /** Resolves when somebody has connected. */
  readonly connected = new Promise<void>((resolve) => this.#onConnection = resolve);

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.push(connection);
      this.#onConnection();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) connection.close();
  }
}

testOnStage("stop", {}, {
  "the payload may be an object, a JSON string or the bare name": async (stage) => {
    const payloads = { "by-object": { name: "by-object" }, "by-json": '"by-json"', "by-text": "by-text" };
    for (const [name, payload] of Object.entries(payloads)) {
      const agent = await stage.spawn({ name, code: IDLE });
      await stage.bus.publish("nodes/test-node/stop", payload);
      const stopped = await agent.state("stopped");
      assertEquals(stopped.json.task, "stopped");
      assertEquals((await stage.list()).has(name), false);
    }
  },

  "a stop is answered once the agent has ended": async (stage) => {
    const agent = await stage.spawn({ name: "answered", code: IDLE });
    const { pid } = (await stage.list()).get("answered");
    assertEquals(await stage.command("stop", { name: "answered" }), { ok: true, agent: "answered" });
    assertEquals(agent.states(), ["running", "stopped"]);
    await untilGone([pid], 0);
  },

  "a stop of an unknown agent is an error in the log, and nothing else": async (stage) => {
    const from = stage.bus.mark();
    const answer = await stage.command("stop", { name: "nobody" });
    assertEquals(answer.ok, false);
    assertMatch(answer.error, /'nobody'/);
    const since = stage.bus.messages.slice(from).filter(({ topic }) => !topic.startsWith("tests/"));
    assertEquals(since.map(({ topic }) => topic), ["nodes/test-node/stop", "agents/test-node/logs"]);
    assertEquals([since[1]?.json.type, since[1]?.json.message], ["error", answer.error]);
  },

  "a stopped agent is not restarted, even when it ends badly": async (stage) => {
    const code = `function process(agent) {
      agent.signal.addEventListener("abort", () => { throw new Error("on the way out"); });
    }`;
    const agent = await stage.spawn({ name: "sore", code, restart_delay: 0 });
    await agent.on("manifest");
    assertEquals((await stage.command("stop", { name: "sore" })).ok, true);
    await stage.list();
    assertEquals(agent.states(), ["running", "stopped"]);
  },

  "an agent is stopped in a setup that does not return, in a busy loop, and with a SIGTERM listener": async (
    stage,
  ) => {
    const busy = "await agent.log('busy'); for (;;);";
    const codes: Record<string, string> = {
      "endless-setup":
        "async function setup(agent) { await agent.log('busy'); await new Promise(() => {}); }",
      "busy-setup": `async function setup(agent) { ${busy} }`,
      "busy-process": `async function process(agent) { ${busy} }`,
      "busy-task": `async function handle_task(agent) { ${busy} }`,
      "deaf": `async function process(agent) { Deno.addSignalListener("SIGTERM", () => {}); ${busy} }`,
      "busy-top-level": "console.log('busy'); for (;;);",
    };
    const ends = Object.entries(codes).map(async ([name, code]) => {
      const agent = await stage.launch({ name, code });
      if (name === "busy-task") {
        await agent.on("manifest");
        await stage.bus.publish(`agents/by-name/${name}/task`, {});
      }
      await agent.logged("busy");
      assertEquals(await stage.command("stop", { name }), { ok: true, agent: name });
      await agent.state("stopped");
    });
    await Promise.all(ends);
    const listed = await stage.list();
    for (const name of Object.keys(codes)) assertEquals(listed.has(name), false);
  },

  "an agent is stopped while it waits for its restart, and never comes back": async (stage) => {
    const code = "function process() { Deno.exit(3); }";
    const agent = await stage.launch({ name: "backing-off", code, restart_delay: 600 });
    await agent.state("restarting");
    assertEquals((await stage.command("stop", { name: "backing-off" })).ok, true);
    assertEquals(agent.states().at(-1), "stopped");
  },

  "an agent is stopped while process() waits to be tried again": async (stage) => {
    const agent = await stage.spawn({
      name: "retrying",
      code: "function process() { throw new Error('no'); }",
    });
    await agent.on("errors");
    assertEquals((await stage.command("stop", { name: "retrying" })).ok, true);
    assertEquals(agent.all("errors").length, 1);
  },

  "a stop right after the spawn leaves nothing": async (stage) => {
    const from = stage.bus.mark();
    await stage.launch({ name: "short-lived", code: IDLE });
    assertEquals((await stage.command("stop", { name: "short-lived" })).ok, true);
    await stage.agent("short-lived").state("stopped", from);
    assertEquals((await stage.list()).has("short-lived"), false);
  },

  "pause holds process() and nothing else; resume lets it go on": async (stage) => {
    const code = `
      let calls = 0;
      async function process(agent) { await agent.log("call " + ++calls); }
      function handle_task() { return { calls }; }`;
    const agent = await stage.spawn({ name: "paused", code, poll_interval: 0.01 });
    await agent.logged("call 3");
    assertEquals(await agent.press("pause"), { ok: true, agent: "paused", command: "pause" });
    const paused = await agent.state("paused");
    assertEquals(paused.json.task, "paused");
    assertEquals((await stage.list()).get("paused").state, "paused");
    // One that had begun may still end.
    const { calls } = await agent.task(null);
    await stage.spawn({ name: "meanwhile", code: IDLE });
    const later = (await agent.task(null)).calls;
    assert(later === calls, `${later - calls} calls of process() while paused`);
    const from = stage.bus.mark();
    await agent.press("resume");
    await agent.state("running", from);
    await agent.logged(`call ${later + 1}`, from);
  },

  "an agent that is paused crashes, restarts and is still paused": async (stage) => {
    const code = `
      function handle_task(agent, payload) { if (payload === "die") Deno.exit(3); }
      async function process(agent) { await agent.log("call"); }`;
    const agent = await stage.spawn({ name: "paused-crash", code, restart_delay: 0 });
    await agent.on("manifest");
    await agent.press("pause");
    // A call that had begun has told its log when this is answered.
    await agent.task(null);
    const from = stage.bus.mark();
    await agent.task("die");
    await agent.state("paused", from);
    await agent.on("manifest", undefined, from);
    assertEquals(agent.all("logs", from).length, 0);
    assertEquals(agent.states(from), ["restarting", "paused"]);
  },

  "a paused agent can be stopped": async (stage) => {
    const agent = await stage.spawn({ name: "paused-stop", code: "function process() {}" });
    await agent.press("pause");
    assertEquals((await agent.press("stop")).ok, true);
    assertEquals(agent.states(), ["running", "paused", "stopped"]);
  },

  "the stop button keeps the state file, delete forgets it": async (stage) => {
    const code = `function setup(agent) {
      const starts = agent.recall("starts", 0) + 1;
      agent.persist("starts", starts);
      return agent.log("start " + starts);
    }`;
    const file = join(stage.node.stateDir, "agentflow_buttons_state.json");
    for (const [button, start] of [["stop", 1], ["delete", 2], ["delete", 1]] as const) {
      const agent = await stage.spawn({ name: "buttons", code });
      await agent.logged(`start ${start}`);
      assertEquals(JSON.parse(await Deno.readTextFile(file)), { starts: start });
      assertEquals((await agent.press(button)).ok, true);
      assertEquals(agent.states(), ["running", "stopped"]);
      assertEquals((await stage.list()).has("buttons"), false);
      const left = await Array.fromAsync(Deno.readDir(stage.node.stateDir), (entry) => entry.name);
      assertEquals(left.some((name) => name.includes("buttons")), button === "stop");
    }
  },

  "a button that does not exist is answered with an error": async (stage) => {
    const agent = await stage.spawn({ name: "buttonless", code: IDLE });
    assertMatch((await agent.press("explode")).error, /explode/);
    assertEquals((await stage.list()).get("buttonless").state, "running");
  },
});

Deno.test("an agent is stopped while its dependencies are being installed", async () => {
  await using registry = new SilentServer();
  // Not the npm registry: the runner itself would ask it for its own dependencies.
  const env = { JSR_URL: registry.url };
  await using stage = await Stage.set({ env });
  const agent = await stage.launch({ name: "installing", code: IDLE, install: ["jsr:@never/answered@1"] });
  await registry.connected;
  assertEquals((await stage.command("spawn", { name: "installing", code: IDLE })).already_running, true);
  assertEquals((await stage.command("stop", { name: "installing" })).ok, true);
  await agent.state("stopped");
  assertEquals(agent.states(), ["stopped"]);
  assertEquals(agent.all("errors"), []);
  assertEquals((await stage.list()).size, 0);
});
