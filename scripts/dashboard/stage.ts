/** A small fleet to look at: a broker, nodes and agents on this machine, and a dashboard that watches them. */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { parseBroker } from "../../protocol/broker/broker_url.ts";
import type { Watch } from "../../operator/dashboard/notice_wire.ts";
import { type Dashboard, startDashboard } from "../../operator/dashboard/start.ts";
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { Bus } from "../../operator/bus.ts";
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";

const ROOT = new URL("../../", import.meta.url);

/** What an agent is spawned with. */
export type Config = Readonly<Record<string, unknown>> & { readonly name: string };

/** Invariant: all that it has started has ended when it is disposed of. */
export class Fleet implements AsyncDisposable {
  readonly #nodes = new Map<string, Deno.ChildProcess>();

  private constructor(
    private readonly dir: string,
    private readonly broker: Awaited<ReturnType<typeof startEmbeddedBroker>>,
    readonly bus: Bus,
    readonly dashboard: Dashboard,
  ) {}

  static async start(): Promise<Fleet> {
    const dir = await Deno.makeTempDir({ prefix: "agentflow-fleet-" });
    const broker = await startEmbeddedBroker({ port: 0 });
    const url = parseBroker("127.0.0.1", broker.port);
    const dashboard = await startDashboard({
      broker: url,
      access: {},
      listen: "127.0.0.1",
      httpPort: 0,
      hostNames: [],
      token: undefined,
      allowControl: true,
      showCode: true,
      signer: undefined,
      log: () => {},
    });
    return new Fleet(dir, broker, await Bus.connect({ broker: url, access: {} }), dashboard);
  }

  /** Starts a node, and waits until it is there. */
  async startNode(name: string, labels: readonly string[] = []): Promise<void> {
    const online = Promise.withResolvers<void>();
    using _heartbeat = await this.bus.subscribe(`nodes/${name}/heartbeat`, () => online.resolve());
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", fileURLToPath(new URL("runner/main.ts", ROOT)), "--name", name],
        ...["--broker", "127.0.0.1", "--port", String(this.broker.port), "--loglevel", "ERROR"],
        ...["--state-dir", join(this.dir, name), "--work-dir", join(this.dir, "work")],
        ...(labels.length === 0 ? [] : ["--labels", labels.join(",")]),
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.#nodes.set(name, child);
    await online.promise;
  }

  async spawn(node: string, config: Config): Promise<void> {
    await this.bus.publish(`nodes/${node}/spawn`, { node, ...config });
  }

  /** Makes a rule: what people are told. */
  async rule(name: string, watch: Watch): Promise<void> {
    const times = { hold_seconds: 0, calm_seconds: 0, repeat_seconds: 0 };
    const response = await fetch(`${this.dashboard.url}api/rules`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, watch, ...times, channels: [], enabled: true }),
    });
    if (!response.ok) throw new Error(`no rule '${name}': ${await response.text()}`);
    await response.body?.cancel();
  }

  /** Pauses an agent once it runs. */
  async pause(agent: string): Promise<void> {
    const id = actorId(agent);
    const runs = Promise.withResolvers<void>();
    using _manifest = await this.bus.subscribe(topics.agent(id, "manifest"), () => runs.resolve());
    await runs.promise;
    await this.bus.publish(topics.agentCommands(id), { command: "pause" });
  }

  /** One of the project's example agents. */
  async example(name: string): Promise<string> {
    return await Deno.readTextFile(new URL(`agents/examples/${name}.ts`, ROOT));
  }

  /** Ends a node without grace, as a power cut would. */
  async killNode(name: string): Promise<void> {
    const child = this.#nodes.get(name);
    this.#nodes.delete(name);
    child?.kill("SIGKILL");
    await child?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#nodes.values()) child.kill("SIGTERM");
    await Promise.all([...this.#nodes.values()].map((child) => child.status));
    await this.dashboard[Symbol.asyncDispose]();
    await this.bus[Symbol.asyncDispose]();
    await this.broker.close();
    await Deno.remove(this.dir, { recursive: true });
  }
}
