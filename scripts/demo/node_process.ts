/** The demo's node: `runner/main.ts` as a separate process, as a user would start it. */
import { delay } from "@std/async/delay";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../runner/main.ts", import.meta.url));
/** Longer than a node takes to stop an agent that hangs and to hand over its last messages. */
const END_PATIENCE_MS = 10_000;

/** Invariant: the process has ended, and its folder is gone, when this has been disposed of. */
export class NodeProcess implements AsyncDisposable {
  /** Resolves with its exit code when it has ended. */
  readonly ended: Promise<number>;
  #hasEnded = false;

  private constructor(private readonly child: Deno.ChildProcess, private readonly dir: string) {
    this.ended = child.status.then(({ code }) => {
      this.#hasEnded = true;
      return code;
    });
  }

  /** Starts it with an embedded broker on `port`. Its warnings appear on stderr. */
  static async start(name: string, port: number): Promise<NodeProcess> {
    const dir = await Deno.makeTempDir({ prefix: "agentflow-demo-" });
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "-A", MAIN, "--broker", "embedded", "--port", String(port), "--name", name],
        ...["--state-dir", join(dir, "state"), "--work-dir", join(dir, "work"), "--loglevel", "WARNING"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    return new NodeProcess(child, dir);
  }

  /** Ends it without grace; its agents end with it. */
  kill(): void {
    if (!this.#hasEnded) this.child.kill("SIGKILL");
  }

  /**
   * Asks it to end by `ask` and waits; kills it if it does not end.
   *
   * Not by a signal: a Ctrl-C of the terminal reaches the node too, and a second signal would end it at once.
   */
  async end(ask: () => void): Promise<void> {
    if (!this.#hasEnded) ask();
    const patience = new AbortController();
    const enforced = delay(END_PATIENCE_MS, { signal: patience.signal }).then(() => this.kill(), () => {});
    await this.ended;
    patience.abort();
    await enforced;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It did not end in order.
    this.kill();
    await this.ended;
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A TCP port on loopback that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
