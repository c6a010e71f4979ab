/** Topics that no broker must be shown. All else that agents write to their stdout by hand: tests/hostile. */
import { assertEquals } from "@std/assert";
import { startEmbedded } from "../support/brokers.ts";
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

/** Topics and filters that one broker or another closes the connection over. */
const ODD_FRAMES: readonly string[] = [
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
  `{"t":"subscribe","id":1,"filter":"a#"}`,
  `{"t":"subscribe","id":1,"filter":"a\\u0001"}`,
  `{"t":"subscribe","id":1,"filter":"${"+/".repeat(300)}"}`,
];

/** JSON that `JSON.parse` takes and `JSON.stringify` does not. */
const DEEP = `${`{"0":`.repeat(100_000)}1${"}".repeat(100_000)}`;

Deno.test("no forged frame takes the node off the embedded broker", async () => {
  await using here = await scene();
  const { bus, node } = here;
  const online = bus.all(`nodes/${node.name}/status`).length;
  await forge(here, `for (const line of ${JSON.stringify(ODD_FRAMES)}) raw("\\n" + line + "\\n");`);
  await assertUnharmed(here);
  assertEquals(bus.all(`nodes/${node.name}/status`).length, online, "the node has lost its broker");
});

Deno.test("a schema that nests too deep does not reach the manifest", async () => {
  await using here = await scene();
  const { bus, node } = here;
  const from = bus.mark();
  await bus.publish(`nodes/${node.name}/spawn`, `{"name":"deep","code":"1","input_schema":${DEEP}}`);
  await bus.on(`agents/${node.name}/logs`, (m) => m.json?.type === "error", from);
  await assertUnharmed(here);
});
