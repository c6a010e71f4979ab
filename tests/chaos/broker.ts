/** A broker as a process that can be killed, stopped, and started again on the same port. */
import { fileURLToPath } from "node:url";
import { findMosquitto, freePort, untilItAccepts } from "../support/brokers.ts";

const EMBEDDED = fileURLToPath(new URL("./embedded_broker.ts", import.meta.url));

/** Whatever it has accepted goes on to the observer at once: what is lost then, the node has lost. */
const CONFIG = [
  "allow_anonymous true",
  "set_tcp_nodelay true",
  "max_inflight_messages 0",
  "max_queued_messages 0",
  "persistence false",
];

export class ChaosBroker implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;

  private constructor(
    readonly kind: "mosquitto" | "embedded",
    readonly port: number,
    private readonly command: readonly [string, ...string[]],
    private readonly configPath: string | undefined,
  ) {}

  /** mosquitto where it is installed. */
  static async start(): Promise<ChaosBroker> {
    const port = freePort();
    const mosquitto = findMosquitto();
    let broker: ChaosBroker;
    if (mosquitto === undefined) {
      const command = [Deno.execPath(), "run", "-A", EMBEDDED, String(port)] as const;
      broker = new ChaosBroker("embedded", port, command, undefined);
    } else {
      const configPath = await Deno.makeTempFile({ suffix: ".conf" });
      await Deno.writeTextFile(configPath, `${[`listener ${port} 127.0.0.1`, ...CONFIG].join("\n")}\n`);
      broker = new ChaosBroker("mosquitto", port, [mosquitto, "-c", configPath], configPath);
    }
    await broker.launch();
    return broker;
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
    if (this.configPath !== undefined) await Deno.remove(this.configPath);
  }
}
