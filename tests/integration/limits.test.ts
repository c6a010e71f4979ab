/** Agents that take more than they may: memory, disk, the bus. Each is held, and named with what was measured. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { actorId } from "../../protocol/ids.ts";
import type { Bus } from "../support/bus.ts";
import { readAudit } from "../support/signing.ts";
import { policed } from "../support/policed.ts";
import { until } from "../support/until.ts";

const ECHO = `function handle_task(agent, payload) { return { echo: payload }; }`;

/** The next report that the agent crashed for that reason. */
const crash = (bus: Bus, agent: string, reason: string, from = 0) =>
  bus.find(
    `${reason} of ${agent}`,
    ({ json }) => json?.agent === agent && json.phase === "supervisor" && json.error.includes(reason),
    from,
    60_000,
  );

Deno.test("an agent beyond its memory limit is ended and restarted, by name and number", async () => {
  await using here = await policed({ memory_mb: 150, agents: { neighbour: { memory_mb: 512 } } });
  const { bus, node } = here;
  await node.spawn(bus, { name: "neighbour", code: ECHO });
  await here.ask({
    name: "hog",
    max_restarts: 1,
    restart_delay: 0.1,
    code: `async function process() {
        const kept = [];
        for (;;) { kept.push(new Uint8Array(8 << 20).fill(1)); await new Promise((r) => setTimeout(r, 20)); }
      }`,
  });
  const { json } = await crash(bus, "hog", "memory limit");
  assertMatch(
    json.error,
    /^Agent crashed, restarting in 0\.1s \(attempt 1\/1\): memory limit: \d+\.\d MB used, 150 MB allowed$/,
  );
  const fatal = await crash(bus, "hog", "Restart budget exhausted");
  assertStringIncludes(fatal.json.error, "memory limit");
  assertEquals((await bus.ask("agents/by-name/neighbour/task", { payload: 1 })).json, { echo: 1 });
  const { json: list } = await bus.ask(`nodes/${node.name}/list`, {});
  assertEquals(
    list.agents.map((agent: { name: string; restart_count: number }) => [agent.name, agent.restart_count]),
    [
      ["neighbour", 0],
    ],
  );
});

Deno.test("the memory limit is 256 MB unless told otherwise, and --memory-mb tells otherwise", async () => {
  await using here = await policed(undefined, ["--memory-mb", "100"]);
  const code = `function process(agent) { agent.state.kept = new Uint8Array(150 << 20).fill(1); }`;
  await here.ask({ name: "hog", max_restarts: 0, code });
  assertStringIncludes((await crash(here.bus, "hog", "memory limit")).json.error, "100 MB allowed");
});

Deno.test("an agent that fills its state file past the limit is ended by the kernel, and told why", async () => {
  await using here = await policed({ state_mb: 0.01 });
  const { bus, node } = here;
  const file = `${node.stateDir}/agentflow_filler_state.json`;
  const code = `function process() {
    const part = new Uint8Array(1 << 20);
    const file = Deno.openSync(${JSON.stringify(file)}, { write: true, create: true });
    for (;;) file.writeSync(part);
  }`;
  await here.ask({ name: "filler", code, max_restarts: 1, restart_delay: 0.1 });
  const { json } = await crash(bus, "filler", "file size limit");
  assertStringIncludes(json.error, "was killed by SIGXFSZ (file size limit");
  const { size } = await Deno.stat(file);
  assert(size < 65 * 1024 * 1024, `the file has ${size} bytes`);
  assertStringIncludes((await crash(bus, "filler", "Restart budget")).json.error, "the limit is 10485");
  await node.end();
  const kills = (await readAudit(node.stateDir, node.name)).filter(({ event }) => event === "killed");
  assertEquals(kills.map(({ agent, limit, allowed }) => [agent, limit, allowed]), [[
    "filler",
    "file size",
    64,
  ]]);
});

Deno.test("persist says no before the kernel does", async () => {
  await using here = await policed({ state_mb: 0.01 });
  const code = `async function setup(agent) {
    try { agent.persist("x", "x".repeat(20000)); } catch (error) { await agent.publish("refused", String(error)); }
  }`;
  await here.ask({ name: "keeper", code });
  assertStringIncludes((await here.bus.on("refused")).text, "10485");
});

Deno.test("an agent's heap follows the memory that the policy gives it, unless the policy says otherwise", async () => {
  await using here = await policed({
    agents: { large: { memory_mb: 400 }, both: { memory_mb: 400, heap_mb: 50 }, other: { subscriptions: 1 } },
  });
  const { bus, node } = here;
  for (const name of ["large", "both", "other"]) await node.spawn(bus, { name, code: ECHO });
  const { json } = await bus.ask(`nodes/${node.name}/list`, {});
  const heaps = json.agents.map(({ name, pid }: { name: string; pid: number }) => {
    const [, heap] = /--max-old-space-size=(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/cmdline`)) ?? [];
    return [name, heap];
  });
  assertEquals(Object.fromEntries(heaps), { large: "300", both: "50", other: "192" });
});

Deno.test("agents give way to the runner, leave no core dump, and open no more files than they may", async () => {
  await using here = await policed({ agents: { granted: { permissions: { read: ["{dir}"] } } } });
  const { bus, node } = here;
  await node.spawn(bus, { name: "agent", code: ECHO });
  const { json } = await bus.ask(`nodes/${node.name}/list`, {});
  const niceOf = async (pid: number) => {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  };
  assertEquals(await niceOf(json.agents[0].pid), await niceOf(node.pid) + 5);
  await node.spawn(bus, { name: "granted", code: ECHO, permissions: { read: [here.dir] } });
  const limitsOf = async (name: string) => {
    const { json } = await bus.ask(`nodes/${node.name}/list`, {});
    const { pid } = json.agents.find((agent: { name: string }) => agent.name === name);
    const limits = await Deno.readTextFile(`/proc/${pid}/limits`);
    return ["Max core file size", "Max open files"].map((limit) =>
      Number(new RegExp(`^${limit}\\s+\\d+\\s+(\\d+)`, "m").exec(limits)?.[1])
    );
  };
  assertEquals(await limitsOf("agent"), [0, 128]);
  const [core, files] = await limitsOf("granted");
  assertEquals(core, 0);
  assert(Number(files) > 128, `${files} files`);
});

Deno.test("subscriptions, tasks that wait and the size of messages are the policy's to limit", async () => {
  await using here = await policed({
    agents: { modest: { subscriptions: 2, pending_tasks: 2, message_kb: 1 } },
  });
  const { bus, node } = here;
  const code = `
  async function setup(agent) {
    const said = [];
    const attempt = async (work) => { try { await work(); said.push("done"); } catch (error) { said.push(error.message); } };
    for (const filter of ["a", "b", "c"]) await attempt(() => agent.subscribe(filter, () => {}));
    await attempt(() => agent.publish("modest/small", "x".repeat(1024)));
    await attempt(() => agent.publish("modest/large", "x".repeat(1025)));
    await attempt(() => agent.send_to("nobody", "x".repeat(1025)));
    const forged = { t: "publish", topic: "modest/forged", qos: 0, retain: false, text: "x".repeat(1025) };
    Deno.stdout.writeSync(new TextEncoder().encode("\\n" + JSON.stringify(forged) + "\\n"));
    await agent.publish("modest/said", said);
  }
  const open = [];
  function handle_task(agent, payload) {
    if (payload === "large") return "x".repeat(2000);
    if (payload === "end") return open.splice(0).forEach((end) => end("ended"));
    return new Promise((resolve) => open.push(resolve));
  }`;
  await node.spawn(bus, { name: "modest", code });
  const tooLarge = "the message has 1025 bytes, the node's policy allows 1024";
  assertEquals((await bus.on("modest/said")).json, [
    "done",
    "done",
    "Cannot subscribe to c: an agent may have up to 2 subscriptions",
    "done",
    tooLarge,
    "the message has 1027 bytes, the node's policy allows 1024",
  ]);
  assertEquals((await bus.on("modest/small")).text.length, 1024);
  const id = actorId("modest");
  await bus.on(
    `agents/${id}/logs`,
    ({ json }) => json.message === `Refused by the node: publish: ${tooLarge}`,
  );
  assertEquals([...bus.all("modest/large"), ...bus.all("modest/forged")], []);

  const topic = "agents/by-name/modest/task";
  const large = await bus.ask(topic, { payload: "large" });
  assertStringIncludes(large.json.error, "the message has 2013 bytes");
  const first = [bus.ask(topic, { payload: 1 }), bus.ask(topic, { payload: 2 })];
  assertEquals((await bus.ask(topic, { payload: 3 })).json.error, "Agent 'modest' is busy with 2 tasks.");
  await bus.ask(`nodes/${node.name}/stop`, { name: "modest" });
  for (const { json } of await Promise.all(first)) assertStringIncludes(json.error, "ended while it handled");
});

for (
  const [title, code] of Object.entries({
    "a busy loop with pauses":
      `for (const end = Date.now() + 100; Date.now() < end;); await new Promise((r) => setTimeout(r, 0));`,
    "a bomb of timers": `if (agent.state.lit) return;
      agent.state.lit = true;
      const bomb = () => { setTimeout(bomb, 0); for (let n = 0; n < 1000; n++) setTimeout(() => {}, 0); };
      for (let n = 0; n < 100; n++) setInterval(() => {}, 0);
      bomb();`,
  })
) {
  Deno.test(`${title} is held to the agent's share of the CPU, and the neighbour does not wait`, async () => {
    await using here = await policed({ agents: { busy: { cpu_percent: 5, memory_mb: 1024 } } });
    const { bus, node } = here;
    await node.logged(/CPU limits: |cgroup v2: cpu/);
    await node.spawn(bus, { name: "neighbour", code: ECHO });
    await here.ask({ name: "busy", code: `async function process(agent) { ${code} }`, poll_interval: 0.01 });
    let pid: number | null = null;
    await until("it has a process", async () => {
      const { json: list } = await bus.ask(`nodes/${node.name}/list`, {});
      pid = list.agents.find((agent: { name: string }) => agent.name === "busy").pid;
      return pid !== null;
    });
    // Where the kernel does it, there is nothing to say.
    if (!node.stderr.some((line) => line.includes("cgroup v2: cpu"))) {
      const { json } = await bus.find(
        "the node's word",
        ({ json }) =>
          json?.agent === "busy" && json.message?.startsWith("Throttled by the node: cpu limit: "),
        0,
        // Where other programs want the CPU, an agent, which gives way to all, takes a while to have had too much.
        180_000,
      );
      assertMatch(json.message, /: \d+\.\d % of a core used, 5 % allowed: throttled$/);
      const status = async () => /^State:\s+(\w)/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))?.[1];
      await until("it is stopped for a moment", async () => await status() === "T");
    }
    for (let n = 0; n < 20; n++) {
      assertEquals((await bus.ask("agents/by-name/neighbour/task", { payload: n })).json, { echo: n });
    }
    // Stopped or not, it ends when it is told to.
    assertEquals((await bus.ask(`nodes/${node.name}/stop`, { name: "busy" })).json.ok, true);
    const { json: after } = await bus.ask(`nodes/${node.name}/list`, {});
    assertEquals(
      after.agents.map(({ name, restart_count }: Record<string, unknown>) => [name, restart_count]),
      [["neighbour", 0]],
    );
  });
}
