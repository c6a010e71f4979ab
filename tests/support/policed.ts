/** A broker, a bus and a node with a policy, for tests of what it lets agents have. */
import { join } from "@std/path";
import { startEmbedded, type TestBroker } from "./brokers.ts";
import { Bus, type Message } from "./bus.ts";
import { NodeProcess } from "./node_process.ts";

export interface Policed extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly bus: Bus;
  readonly node: NodeProcess;
  /** A folder of the test's own; `{dir}` in the policy stands for it. */
  readonly dir: string;
  /** Asks for a spawn as an operator who waits for the answer. */
  ask(config: Readonly<Record<string, unknown>>): Promise<Message["json"]>;
}

/** Starts a node with `policy`, if any, and waits until it is on the bus. */
export async function policed(
  policy?: unknown,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Policed> {
  const stack = new AsyncDisposableStack();
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentflow-policed-" }));
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const broker = stack.use(await startEmbedded());
  const bus = stack.use(await Bus.connect(broker.port));
  const file = join(dir, "policy.json");
  if (policy !== undefined) await writePolicy(dir, policy);
  const policyArgs = policy === undefined ? [] : ["--policy", file];
  const node = stack.use(
    await NodeProcess.start({ port: broker.port, args: [...policyArgs, ...args], env }),
  );
  await bus.on(`nodes/${node.name}/heartbeat`);
  const ask = async (config: Readonly<Record<string, unknown>>) =>
    (await bus.ask(`nodes/${node.name}/spawn`, { poll_interval: 0.05, ...config })).json;
  return { broker, bus, node, dir, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Writes the policy of the test's folder. */
export async function writePolicy(dir: string, policy: unknown): Promise<string> {
  const file = join(dir, "policy.json");
  await Deno.writeTextFile(file, JSON.stringify(policy).replaceAll("{dir}", dir));
  return file;
}
