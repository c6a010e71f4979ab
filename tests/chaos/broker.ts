/** A broker as a process that can be killed, stopped, and started again on the same port. */
import { fileURLToPath } from "node:url";
import { join } from "@std/path";
import { Bus } from "../support/bus.ts";
import { findMosquitto, freePort, untilItAccepts } from "../support/brokers.ts";

const EMBEDDED = fileURLToPath(new URL("./embedded_broker.ts", import.meta.url));

/** Whatever mosquitto has accepted goes on to the observer at once: what is lost then, the node has lost. */
const CONFIG = [
  "allow_anonymous true",
  "set_tcp_nodelay true",
  "max_inflight_messages 0",
  "max_queued_messages 0",
  "persistence false",
];

export type BrokerKind = "mosquitto" | "embedded";

/** mosquitto where it is installed. */
export const USUAL_BROKER: BrokerKind = findMosquitto() === undefined ? "embedded" : "mosquitto";

export class ChaosBroker implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;

  private constructor(
    readonly kind: BrokerKind,
    readonly port: number,
    private readonly command: readonly [string, ...string[]],
    private readonly dir: string,
  ) {}

  static async start(kind: BrokerKind): Promise<ChaosBroker> {
    const port = freePort();
    const dir = await Deno.makeTempDir({ prefix: "agentflow-chaos-broker-" });
    let command: [string, ...string[]] = [Deno.execPath(), "run", "-A", EMBEDDED, String(port), dir];
    if (kind === "mosquitto") {
      const configPath = join(dir, "mosquitto.conf");
      await Deno.writeTextFile(configPath, `${[`listener ${port} 127.0.0.1`, ...CONFIG].join("\n")}\n`);
      command = [findMosquitto() ?? "mosquitto", "-c", configPath];
    }
    const broker = new ChaosBroker(kind, port, command, dir);
    await broker.launch();
    return broker;
  }

  /** The observer: what this broker has accepted comes to it, also when the broker is killed in between. */
  observe(): Promise<Bus> {
    // mosquitto keeps nothing here, and passes everything on before it acknowledges.
    if (this.kind === "mosquitto") return Bus.connect(this.port, "#", 0);
    return Bus.connectTo(`mqtt://127.0.0.1:${this.port}`, { clientId: "observer", clean: false });
  }

  /** Starts it, and waits until it accepts connections. */
  async launch(): Promise<void> {
    const [program, ...args] = this.command;
    this.#child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    await untilItAccepts(this.port);
  }

  /** Without a word to anybody. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.dir, { recursive: true });
  }
}
