/** The brokers that integration tests run against: the embedded one always, mosquitto where it is installed. */
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";
import { findProgram, type Need, programs } from "./programs.ts";
import { noteLeftOut } from "./left_out.ts";

export interface TestBroker extends AsyncDisposable {
  readonly kind: "embedded" | "mosquitto";
  readonly host: string;
  readonly port: number;
}

/** The broker, and the command line clients that come with it. */
export const MOSQUITTO: Need = programs(
  "mosquitto",
  "mosquitto",
  "mosquitto_passwd",
  "mosquitto_pub",
  "mosquitto_sub",
);

/** The path of mosquitto, where it is installed. */
export function findMosquitto(): string | undefined {
  return MOSQUITTO.isThere ? findProgram("mosquitto") : undefined;
}

/** Starts the embedded broker, on a free port unless told otherwise. */
export async function startEmbedded(port = 0): Promise<TestBroker> {
  const broker = await startEmbeddedBroker({ port });
  return {
    kind: "embedded",
    host: "127.0.0.1",
    port: broker.port,
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

/** A mosquitto of the test's own, which can be killed and started again on the same port. */
export class Mosquitto implements TestBroker {
  readonly kind = "mosquitto";
  readonly host = "127.0.0.1";
  #child: Deno.ChildProcess | undefined;

  private constructor(readonly port: number, private readonly configPath: string) {}

  /** @param extraConfig more lines of mosquitto.conf */
  static start(extraConfig: readonly string[] = []): Promise<Mosquitto> {
    const port = freePort();
    return Mosquitto.configured(port, [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "set_tcp_nodelay true",
      // Else it drops what a client on a busy machine does not take fast enough.
      "max_queued_messages 0",
      ...extraConfig,
    ]);
  }

  /**
   * One with listeners of the test's own.
   * @param port of the listener that is waited for
   * @param config all lines of mosquitto.conf
   */
  static async configured(port: number, config: readonly string[]): Promise<Mosquitto> {
    const configPath = await Deno.makeTempFile({ suffix: ".conf" });
    // Where root runs the tests, mosquitto must stay root to read their files.
    const lines = Deno.uid() === 0 ? ["user root", ...config] : config;
    await Deno.writeTextFile(configPath, `${lines.join("\n")}\n`);
    const broker = new Mosquitto(port, configPath);
    await broker.restart();
    return broker;
  }

  /** Makes it read its password and access files again. */
  reload(): void {
    this.#child?.kill("SIGHUP");
  }

  /** Starts it, and waits until it accepts connections. */
  async restart(): Promise<void> {
    this.#child = new Deno.Command(findMosquitto() ?? "mosquitto", {
      args: ["-c", this.configPath],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilItAccepts(this.port);
  }

  /** It answers nothing any more, but its port is open. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Ends it by `signal`, and waits until it has ended. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.status;
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    await this.kill("SIGTERM");
    await Deno.remove(this.configPath);
  }
}

/** The broker that most have, where it is installed, else the embedded one: for laws that hold with every broker. */
export async function startBroker(mosquittoConfig: readonly string[] = []): Promise<TestBroker> {
  return MOSQUITTO.isThere ? await Mosquitto.start(mosquittoConfig) : await startEmbedded();
}

/** The brokers of this machine, each with how to start it. That mosquitto is missing is told at the end of the run. */
export function testBrokers(): { readonly kind: TestBroker["kind"]; start(): Promise<TestBroker> }[] {
  const embedded = { kind: "embedded" as const, start: () => startEmbedded() };
  const mosquitto = { kind: "mosquitto" as const, start: () => Mosquitto.start() };
  if (MOSQUITTO.isThere) return [embedded, mosquitto];
  noteLeftOut(MOSQUITTO, "all that is tested on every broker");
  return [embedded];
}

/** A TCP port on loopback that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves when something accepts connections on `port` of loopback. */
export async function untilItAccepts(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      // Not yet.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  throw new Error(`Nothing accepts connections on 127.0.0.1:${port} after 5 s`);
}
