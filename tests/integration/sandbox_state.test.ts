/** The state file under attack, and agents that fight their own harness. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { startEmbedded } from "../support/brokers.ts";
import { Bus, type Message } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";
import { listing, prison } from "../support/prison.ts";

const PERSIST = `async function setup(agent) {
  try {
    agent.persist("k", "v");
    await agent.publish("kept", agent.recall("k"));
  } catch (error) {
    await agent.publish("refused", String(error));
  }
}`;

for (const sibling of ["", ".tmp"]) {
  Deno.test(`a symbolic link planted at the state file${sibling} is not followed`, async () => {
    await using prisoner = await prison();
    const { bus, node } = prisoner;
    const target = join(node.stateDir, "secret.txt");
    const before = await Deno.readTextFile(target);
    await Deno.symlink(target, join(node.stateDir, `agentflow_victim_state.json${sibling}`));
    await bus.publish(`nodes/${node.name}/spawn`, { name: "victim", max_restarts: 0, code: PERSIST });
    const { json } = await bus.find(
      "fatal error",
      (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
    );
    assertStringIncludes(json.error, "symbolic link");
    assertEquals(await Deno.readTextFile(target), before);
    assertEquals(bus.all("kept"), []);
  });
}

Deno.test("a link planted while the agent runs is replaced, not followed", async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const target = join(node.stateDir, "secret.txt");
  const before = await Deno.readTextFile(target);
  const code =
    `function handle_task(agent, value) { agent.persist("k", value); return { value: agent.recall("k") }; }`;
  await node.spawn(bus, { name: "victim", code });
  const file = join(node.stateDir, "agentflow_victim_state.json");
  await Deno.symlink(target, file);
  await Deno.symlink(target, `${file}.tmp`);
  const reply = await bus.ask("agents/by-name/victim/task", { payload: 1 });
  assertEquals(reply.json, { value: 1 });
  assertEquals(await Deno.readTextFile(target), before);
  assert((await Deno.lstat(file)).isFile);
});

Deno.test("a hard link planted at the state file does not give another file away", async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const target = join(node.stateDir, "secret.txt");
  const before = await Deno.readTextFile(target);
  await Deno.link(target, join(node.stateDir, "agentflow_victim_state.json"));
  const code = `async function setup(agent) {
    await agent.publish("stolen", Deno.readTextFileSync("${node.stateDir}/agentflow_victim_state.json"));
  }`;
  await bus.publish(`nodes/${node.name}/spawn`, { name: "victim", max_restarts: 0, code });
  const { json } = await bus.find(
    "fatal error",
    (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
  );
  assertStringIncludes(json.error, "more than one name");
  assertEquals(await Deno.readTextFile(target), before);
  assertEquals(bus.all("stolen"), []);
});

Deno.test("a damaged state file is set aside and said so", async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const damaged = new Map<string, string | Uint8Array>([
    ["cut", `{"k": "v`],
    ["list", "[1, 2]"],
    ["empty", ""],
    ["binary", new Uint8Array([0xff, 0xfe, 0, 1])],
  ]);
  for (const [name, content] of damaged) {
    const file = join(node.stateDir, `agentflow_${name}_state.json`);
    await (typeof content === "string" ? Deno.writeTextFile(file, content) : Deno.writeFile(file, content));
    const from = bus.mark();
    await node.spawn(bus, { name, code: PERSIST });
    await bus.on("kept", () => true, from);
    const isReport = (m: Message) => m.topic.endsWith("/errors") && m.json?.agent === name;
    const { json } = await bus.find(`report of ${name}`, isReport);
    assertStringIncludes(json.error, "has been set aside");
    assertEquals(JSON.parse(await Deno.readTextFile(file)), { k: "v" });
    const aside = (await listing(node.stateDir)).filter((found) =>
      found.startsWith(`agentflow_${name}_state.json.damaged`)
    );
    assertEquals(aside.length, 1);
  }
});

Deno.test("a state file beyond its limit is not read by the node", async () => {
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await startEmbedded());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port, args: ["--state-mb", "1"] }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  // Sparse: it takes no room on the disk, but would fill the memory of who reads it.
  using file = await Deno.create(join(node.stateDir, "agentflow_glutton_state.json"));
  await file.truncate(4 * 1024 ** 3);
  await bus.publish(`nodes/${node.name}/spawn`, { name: "glutton", max_restarts: 0, code: PERSIST });
  const { json } = await bus.find(
    "fatal error",
    (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
  );
  assertStringIncludes(json.error, "limit");
});

Deno.test("a state file of another user is refused", { ignore: Deno.uid() !== 0 }, async () => {
  await using prisoner = await prison();
  const { bus, node } = prisoner;
  const file = join(node.stateDir, "agentflow_victim_state.json");
  await Deno.writeTextFile(file, "{}");
  await Deno.chown(file, 65534, 65534);
  await bus.publish(`nodes/${node.name}/spawn`, { name: "victim", max_restarts: 0, code: PERSIST });
  const { json } = await bus.find(
    "fatal error",
    (m) => m.topic.endsWith("/errors") && m.json?.severity === "fatal",
  );
  assertStringIncludes(json.error, "belongs to user 65534");
});

for (
  const [title, code] of Object.entries({
    "steals the harness' stdin":
      `for (;;) { const bytes = new Uint8Array(65536); await Deno.stdin.read(bytes); }`,
    "closes its stdout": `Deno.stdout.close();`,
    "hooks its own end": `Deno.exit = () => {}; globalThis.addEventListener("unload", () => { for (;;); });
      Deno.addSignalListener("SIGTERM", () => {}); agent.signal.onabort = () => { for (;;); };`,
    "breaks the globals": `JSON.stringify = () => "x"; JSON.parse = () => null; Promise.prototype.then = null;
      Array.prototype.push = () => { throw 1; }; Object.prototype.t = "ready"; globalThis.setTimeout = null;
      TextEncoder.prototype.encode = null; Deno.stdout.writeSync = () => 0;`,
  })
) {
  Deno.test(`an agent that ${title} can still be stopped, and its neighbour works`, async () => {
    await using prisoner = await prison();
    const { bus, node } = prisoner;
    await node.spawn(bus, { name: "bystander", code: `function handle_task() { return { fine: true }; }` });
    await node.spawn(bus, { name: "villain", code: `async function setup(agent) { ${code} }` });
    const reply = await bus.ask("agents/by-name/bystander/task", {});
    assertEquals(reply.json, { fine: true });
    const stopped = await bus.ask(`nodes/${node.name}/stop`, { name: "villain" });
    assertEquals(stopped.json, { ok: true, agent: "villain" });
  });
}
