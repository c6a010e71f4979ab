/** Agents that write to their stdout what the harness never would: the node survives, and the neighbours notice nothing. */
import { assert, assertEquals } from "@std/assert";
import { hasMosquitto, Mosquitto, startEmbedded } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

const BYSTANDER = `function handle_task(agent, payload) { return { echo: payload }; }`;

interface Scene extends AsyncDisposable {
  readonly bus: Bus;
  readonly node: NodeProcess;
}

async function scene(
  start: () => Promise<AsyncDisposable & { readonly port: number }> = startEmbedded,
): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await start());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port }));
  await bus.on(`nodes/${node.name}/heartbeat`);
  await node.spawn(bus, { name: "bystander", code: BYSTANDER });
  return { bus, node, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Spawns an agent that writes by hand; `code` sees `raw(text or bytes)`. Resolves when it has written everything. */
async function forge({ bus, node }: Scene, code: string): Promise<void> {
  const from = bus.mark();
  await bus.publish(`nodes/${node.name}/spawn`, {
    name: "forger",
    max_restarts: 0,
    code: `
const write = Deno.stdout.writeSync.bind(Deno.stdout);
function raw(data) {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let offset = 0; offset < bytes.length;) offset += write(bytes.subarray(offset));
}
async function process(agent) {
  if (agent.state.done) return;
  agent.state.done = true;
  ${code}
  raw("\\n");
  await agent.publish("forged", "all");
}`,
  });
  await bus.on("forged", () => true, from);
}

async function assertUnharmed({ bus, node }: Scene): Promise<void> {
  const reply = await bus.ask("agents/by-name/bystander/task", { payload: 1 });
  assertEquals(reply.json, { echo: 1 });
  const list = await bus.ask(`nodes/${node.name}/list`, {});
  const agents: { name: string; restart_count: number }[] = list.json.agents;
  assertEquals(agents.find(({ name }) => name === "bystander")?.restart_count, 0);
}

/** Resident memory of the runner, in MiB. */
async function residentMiB({ node }: Scene): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${node.pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** Frames that are well-formed JSON and nothing else. */
const ODD_FRAMES: readonly string[] = [
  `{"t":"start"}`,
  `{"t":"ack","n":1}`,
  `{"t":"shutdown"}`,
  `{"t":"__proto__"}`,
  `{"t":null}`,
  `{"t":{}}`,
  `{"t":"log"}`,
  `{"t":"log","level":"fatal","message":"x"}`,
  `{"t":"publish","topic":5,"qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a","qos":3,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a","qos":1,"retain":false,"text":"x","base64":"eA=="}`,
  `{"t":"publish","topic":"a","qos":1,"retain":false,"base64":"%%%"}`,
  `{"t":"publish","topic":"a/#","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a\\u0000","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a\\u0001","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a\\uffff","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"a\\ud800","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"$SYS/x","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"${"a/".repeat(300)}","qos":1,"retain":false,"text":"x"}`,
  `{"t":"publish","topic":"${"a".repeat(70_000)}","qos":1,"retain":false,"text":"x"}`,
  `{"t":"send_to","id":1,"to":"a/b","payload":1,"timeout_ms":1}`,
  `{"t":"send_to","id":-1,"to":"x","payload":1,"timeout_ms":1}`,
  `{"t":"send_to","id":1,"to":"x","payload":1,"timeout_ms":1e999}`,
  `{"t":"send_to","id":1,"to":"x","payload":1,"timeout_ms":1e308}`,
  `{"t":"subscribe","id":1,"filter":"a#"}`,
  `{"t":"subscribe","id":1,"filter":"a\\u0001"}`,
  `{"t":"subscribe","id":1,"filter":"${"+/".repeat(300)}"}`,
  `{"t":"unsubscribe","id":99}`,
  `{"t":"task_done","id":99,"value":1}`,
  `{"t":"task_failed","id":99,"error":"x","traceback":"x"}`,
  `{"t":"pong","n":9007199254740991}`,
  `{"t":"pong","n":1e300}`,
  `{"t":"error","phase":"x","error":"x","traceback":"x","consecutive":0}`,
  `{"t":"status","text":5}`,
  `{"t":"loaded"}`,
  `{"t":"ready"}`,
  `{"t":"processed"}`,
  `{"t":"ready"`,
  `[]`,
  `{`,
];

/** JSON that `JSON.parse` takes and `JSON.stringify` does not. */
const DEEP = `${`{"0":`.repeat(100_000)}1${"}".repeat(100_000)}`;

for (const kind of ["embedded", ...(hasMosquitto ? ["mosquitto"] : [])]) {
  Deno.test(`forged frames of every kind do no harm (${kind})`, async () => {
    await using here = await scene(kind === "embedded" ? startEmbedded : () => Mosquitto.start());
    const { bus, node } = here;
    const online = bus.all(`nodes/${node.name}/status`).length;
    await forge(here, `for (const line of ${JSON.stringify(ODD_FRAMES)}) raw("\\n" + line + "\\n");`);
    await assertUnharmed(here);
    assertEquals(bus.all(`nodes/${node.name}/status`).length, online, "the node has lost its broker");
    const list = await bus.ask(`nodes/${node.name}/list`, {});
    assertEquals(list.json.agents.length, 2);
  });
}

for (
  const frame of [
    `"t":"result","data"`,
    `"t":"detection","data"`,
    `"t":"send_to","id":1,"to":"x","timeout_ms":1,"payload"`,
    `"t":"task_done","id":1,"value"`,
  ]
) {
  Deno.test(`a frame that nests too deep to be sent on is no frame: ${frame}`, async () => {
    await using here = await scene();
    await forge(
      here,
      `raw('\\n{' + ${
        JSON.stringify(frame)
      } + ':' + '{"0":'.repeat(100000) + '1' + '}'.repeat(100001) + '\\n');`,
    );
    await assertUnharmed(here);
  });
}

Deno.test("a schema that nests too deep does not reach the manifest", async () => {
  await using here = await scene();
  const { bus, node } = here;
  const from = bus.mark();
  await bus.publish(`nodes/${node.name}/spawn`, `{"name":"deep","code":"1","input_schema":${DEEP}}`);
  await bus.on(`agents/${node.name}/logs`, (m) => m.json?.type === "error", from);
  await assertUnharmed(here);
});

for (
  const [title, code] of Object.entries({
    "a line of 100 MiB":
      `const part = new Uint8Array(1024 * 1024).fill(97); for (let n = 0; n < 100; n++) raw(part);`,
    "a frame of 100 MiB": `raw('\\n{"t":"log","level":"info","message":"');
      const part = new Uint8Array(1024 * 1024).fill(97); for (let n = 0; n < 100; n++) raw(part); raw('"}\\n');`,
    "4 MiB of noise": `const noise = new Uint8Array(65536);
      for (let n = 0; n < 64; n++) { for (let i = 0; i < noise.length; i++) noise[i] = Math.random() * 256; raw(noise); }`,
    "text without a line feed, byte by byte":
      `const one = new Uint8Array([97]); for (let n = 0; n < 200000; n++) raw(one);`,
    "a million empty lines": `raw(new Uint8Array(1000000).fill(10));`,
    "frames of 4 MiB": `const text = "x".repeat(4 * 1024 * 1024);
      for (let n = 0; n < 30; n++) raw('\\n{"t":"publish","topic":"big","qos":1,"retain":false,"text":"' + text + '"}\\n');`,
  })
) {
  Deno.test(`${title} on an agent's stdout leaves the node as it was`, async () => {
    await using here = await scene();
    const before = await residentMiB(here);
    await forge(here, code);
    await assertUnharmed(here);
    const after = await residentMiB(here);
    assert(after - before < 250, `the runner grew from ${before} to ${after} MiB`);
  });
}

Deno.test("an agent cannot keep its watchdog away with answers to questions that were not asked", async () => {
  await using broker = await startEmbedded();
  await using bus = await Bus.connect(broker.port);
  await using node = await NodeProcess.start({ port: broker.port, args: ["--hang-timeout", "1"] });
  await bus.on(`nodes/${node.name}/heartbeat`);
  const code = `async function setup() {
    Deno.stdout.writeSync(new TextEncoder().encode('\\n{"t":"pong","n":9007199254740991}\\n'));
    for (;;);
  }`;
  await bus.publish(`nodes/${node.name}/spawn`, { name: "sleeper", code });
  await bus.find("verdict", (m) => m.topic.endsWith("/heartbeat") && m.json?.state === "unresponsive");
});
