/** What the figures are measured with: a broker, and all that is started for one figure. */
import { MOSQUITTO, startBroker, type TestBroker } from "../support/brokers.ts";
import { Bus } from "../support/bus.ts";
import { type NodeOptions, NodeProcess } from "../support/node_process.ts";

/** Beside `set_tcp_nodelay true`: the broker itself must neither drop nor hold back a message. */
const BROKER_SETTINGS = ["max_queued_messages 0", "max_inflight_messages 0"];

/** In words, for whoever reads the figures. */
export const BROKER_TEXT = MOSQUITTO.isThere
  ? `with set_tcp_nodelay true, ${
    BROKER_SETTINGS.join(", ")
  } (no limits: what is lost, the broker has not dropped)`
  : "the embedded one, inside the bench's own process: mosquitto is not installed, and the targets are set for it";

/** Invariant: whatever was started through it has ended once it is disposed of, also while it was still being started. */
export class Rig implements AsyncDisposable {
  readonly #owned = new AsyncDisposableStack();

  private constructor(readonly broker: TestBroker) {
    this.#owned.use(broker);
  }

  static async start(): Promise<Rig> {
    return new Rig(await startBroker(BROKER_SETTINGS));
  }

  /** A client that records what matches `filter`. */
  async bus(filter: string): Promise<Bus> {
    return await this.own(() => Bus.connect(this.broker.port, filter));
  }

  /** A node, as an operator starts it. */
  async node(options: Omit<NodeOptions, "port"> = {}): Promise<NodeProcess> {
    const args = ["--loglevel", "WARNING", ...options.args ?? []];
    return await this.own(() => NodeProcess.start({ ...options, args, port: this.broker.port }));
  }

  /** A folder that lives as long as the rig. */
  async folder(): Promise<string> {
    const folder = await this.own(async () => {
      const path = await Deno.makeTempDir({ prefix: "agentflow-bench-" });
      return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
    });
    return folder.path;
  }

  /** Starts something, to end it with the rig. @throws ReferenceError when the rig has ended already */
  async own<T extends AsyncDisposable>(start: () => Promise<T>): Promise<T> {
    const { promise: started, resolve } = Promise.withResolvers<T | undefined>();
    this.#owned.defer(async () => await (await started)?.[Symbol.asyncDispose]());
    try {
      const owned = await start();
      resolve(owned);
      return owned;
    } finally {
      // What could not be started needs no end.
      resolve(undefined);
    }
  }

  /** Ends everything, the youngest first. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** What the broker calls itself. */
export async function brokerVersion(): Promise<string> {
  await using rig = await Rig.start();
  if (rig.broker.kind === "embedded") return "aedes";
  const bus = await rig.bus("$SYS/broker/version");
  return (await bus.on("$SYS/broker/version")).text;
}
