/** The brokers that integration tests run against: the embedded one always, mosquitto where it is installed. */
import { startEmbeddedBroker } from "../../runner/broker/embedded.ts";

export interface TestBroker extends AsyncDisposable {
  readonly kind: "embedded" | "mosquitto";
  readonly host: string;
  readonly port: number;
}

/** Set by CI: a machine without mosquitto then fails instead of testing less. */
const REQUIRED = Deno.env.get("AGENTFLOW_REQUIRE_MOSQUITTO") === "1";

/** Debian keeps it where only root's PATH looks. */
const MOSQUITTO = findProgram("mosquitto", ["/usr/sbin/mosquitto"]);

/** Whether mosquitto and its clients are here. @throws Error when CI requires them and they are not */
export const hasMosquitto: boolean = checkMosquitto();

/** Starts the embedded broker, on a free port unless told otherwise. */
export async function startEmbedded(port = 0): Promise<TestBroker> {
  const broker = await startEmbeddedBroker(port);
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
  static async start(extraConfig: readonly string[] = []): Promise<Mosquitto> {
    const port = freePort();
    const configPath = await Deno.makeTempFile({ suffix: ".conf" });
    const lines = [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      "set_tcp_nodelay true",
      ...extraConfig,
    ];
    await Deno.writeTextFile(configPath, `${lines.join("\n")}\n`);
    const broker = new Mosquitto(port, configPath);
    await broker.restart();
    return broker;
  }

  /** Starts it, and waits until it accepts connections. */
  async restart(): Promise<void> {
    this.#child = new Deno.Command(MOSQUITTO ?? "mosquitto", {
      args: ["-c", this.configPath],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilItAccepts(this.port);
  }

  /** Ends it by `signal`, and waits until it has ended. */
  async kill(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.status;
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGTERM");
    await Deno.remove(this.configPath);
  }
}

/** The brokers of this machine, each with how to start it. */
export function testBrokers(): { readonly kind: TestBroker["kind"]; start(): Promise<TestBroker> }[] {
  const embedded = { kind: "embedded" as const, start: () => startEmbedded() };
  const mosquitto = { kind: "mosquitto" as const, start: () => Mosquitto.start() };
  return hasMosquitto ? [embedded, mosquitto] : [embedded];
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

function checkMosquitto(): boolean {
  const isThere = MOSQUITTO !== undefined && findProgram("mosquitto_pub") !== undefined;
  if (REQUIRED && !isThere) {
    throw new Error("AGENTFLOW_REQUIRE_MOSQUITTO=1, but mosquitto or its clients are not installed");
  }
  return isThere;
}

function findProgram(name: string, elsewhere: readonly string[] = []): string | undefined {
  const onPath = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`);
  return [...onPath, ...elsewhere].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
