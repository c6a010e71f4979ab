/** The service manager's end of the socket: hears what a service says, as systemd does. */
import { join } from "@std/path";

/** Invariant: `heard` holds every message in the order it came. */
export class NotifyListener implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #reading: Promise<void>;

  private constructor(
    private readonly folder: string,
    /** As `$NOTIFY_SOCKET` names it. */
    readonly path: string,
    private readonly socket: Deno.DatagramConn,
  ) {
    this.#reading = this.#read();
  }

  /** @param abstract without a name in the file system */
  static async open(abstract = false): Promise<NotifyListener> {
    const folder = await Deno.makeTempDir({ prefix: "agentflow-notify-test-" });
    const name = join(folder, "notify");
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: abstract ? `\0${name}` : name });
    return new NotifyListener(folder, abstract ? `@${name}` : name, socket);
  }

  /** Resolves when a message has come that `isIt`. */
  async until(isIt: (message: string) => boolean, patienceMs = 20_000): Promise<void> {
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => deadline.reject(new Error(`Not heard within ${patienceMs} ms: ${JSON.stringify(this.heard)}`)),
      patienceMs,
    );
    try {
      while (!this.heard.some(isIt)) {
        await Promise.race([deadline.promise, new Promise<void>((resolve) => this.#waiting.add(resolve))]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.#reading;
    await Deno.remove(this.folder, { recursive: true });
  }

  async #read(): Promise<void> {
    for await (const [bytes] of this.socket) {
      this.heard.push(new TextDecoder().decode(bytes));
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}
