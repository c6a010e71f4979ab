/** A node that agents try to break out of, or to break. */
import { join } from "@std/path";
import { freePort, startEmbedded, type TestBroker } from "./brokers.ts";
import { Bus } from "./bus.ts";
import { NodeProcess } from "./node_process.ts";

/** What nobody must get hold of. */
export const SECRET = "the-secret-of-the-runner";

/** A node with a secret in its environment, beside its state files and in another agent's state. */
export interface Prison extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly bus: Bus;
  readonly node: NodeProcess;
  readonly given: Readonly<Record<string, unknown>>;
}

/** Starts broker and node, and waits until it is on the bus. */
export async function prison(): Promise<Prison> {
  const stack = new AsyncDisposableStack();
  const broker = stack.use(await startEmbedded());
  const bus = stack.use(await Bus.connect(broker.port));
  const node = stack.use(await NodeProcess.start({ port: broker.port, env: { RUNNER_SECRET: SECRET } }));
  for (const name of ["secret.txt", "secret.ts", "secret.json", "secret.js", "agentflow_other_state.json"]) {
    const isScript = name.endsWith(".ts") || name.endsWith(".js");
    const content = isScript ? `export default "${SECRET}";` : JSON.stringify({ secret: SECRET });
    await Deno.writeTextFile(join(node.stateDir, name), content);
  }
  await bus.on(`nodes/${node.name}/heartbeat`);
  const given = {
    dir: node.stateDir,
    workDir: node.workDir,
    runnerPid: node.pid,
    port: broker.port,
    otherPort: freePort(),
  };
  return { broker, bus, node, given, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Names in a folder. */
export async function listing(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}
