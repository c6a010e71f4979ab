/** mosquitto's own command line clients, as an operator uses them. */
import type { TestBroker } from "./brokers.ts";

/** `mosquitto_pub`: publishes `payload` at QoS 1 and waits until the broker has it. @throws Error when it fails */
export async function mosquittoPub(
  broker: TestBroker,
  topic: string,
  payload: unknown,
  flags: readonly string[] = [],
): Promise<void> {
  const message = typeof payload === "string" ? payload : JSON.stringify(payload);
  const { success, stderr } = await new Deno.Command("mosquitto_pub", {
    args: ["-h", broker.host, "-p", String(broker.port), "-q", "1", "-t", topic, "-m", message, ...flags],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`mosquitto_pub failed: ${new TextDecoder().decode(stderr)}`);
}

/** `mosquitto_sub`: a line `topic payload` for each message. Invariant: its process has ended when this is disposed of. */
export class MosquittoSub implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  private constructor(broker: TestBroker, topics: readonly string[]) {
    const filters = topics.flatMap((topic) => ["-t", topic]);
    this.#child = new Deno.Command("mosquitto_sub", {
      args: ["-h", broker.host, "-p", String(broker.port), "-q", "1", "-v", ...filters],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = lines(this.#child.stdout);
  }

  /** Starts it, and waits until it listens: it hears a message of our own. */
  static async listen(broker: TestBroker, ...topics: string[]): Promise<MosquittoSub> {
    const probe = `tests/probe/${crypto.randomUUID()}`;
    await mosquittoPub(broker, probe, "listening", ["-r"]);
    const sub = new MosquittoSub(broker, [...topics, probe]);
    // The retained message comes once the subscriptions have been made.
    await sub.line((line) => line === `${probe} listening`);
    return sub;
  }

  /** The next line that fits. @throws Error when there are no more */
  async line(predicate: (line: string) => boolean): Promise<string> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) throw new Error("mosquitto_sub has ended");
      if (predicate(value)) return value;
    }
  }

  /** Resolves when a line for each of `parts` has come, that contains it; in any order. */
  async lines(...parts: (readonly string[])[]): Promise<void> {
    let missing = parts;
    while (missing.length > 0) {
      await this.line((line) => {
        const left = missing.filter((wanted) => !wanted.every((part) => line.includes(part)));
        const isOne = left.length < missing.length;
        missing = left;
        return isOne;
      });
    }
  }

  /** The payload, as JSON, of the next message on `topic` that fits. */
  // deno-lint-ignore no-explicit-any -- tests look into payloads of every shape
  async message(topic: string, predicate: (json: any) => boolean = () => true): Promise<any> {
    const prefix = `${topic} `;
    const line = await this.line((text) =>
      text.startsWith(prefix) && predicate(JSON.parse(text.slice(prefix.length)))
    );
    return JSON.parse(line.slice(prefix.length));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
