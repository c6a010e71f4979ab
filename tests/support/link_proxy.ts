/** The cable between one client and the broker, which a test can cut, refuse, and stall. */

/** `up`: from the client to the broker. */
export type Direction = "up" | "down" | "both";

interface Pair {
  readonly client: Deno.TcpConn;
  readonly broker: Deno.TcpConn;
  /** Resolves when both pumps have ended. */
  readonly ended: Promise<unknown>;
}

/** Invariants: bytes keep their order; what has not been passed on when a connection is cut is lost. */
export class LinkProxy implements AsyncDisposable {
  readonly #pairs = new Set<Pair>();
  readonly #accepting: Promise<void>;
  readonly #stalled = { up: false, down: false };
  #refusing = false;
  #resume: () => void = () => {};
  #flowing: Promise<void> = Promise.resolve();

  private constructor(private readonly listener: Deno.TcpListener, private readonly brokerPort: number) {
    this.#accepting = this.#accept();
  }

  /** @param brokerPort on loopback @param hostname where it listens */
  static listen(brokerPort: number, hostname = "127.0.0.1"): LinkProxy {
    return new LinkProxy(Deno.listen({ hostname, port: 0 }), brokerPort);
  }

  get port(): number {
    return this.listener.addr.port;
  }

  /** Breaks every connection, and accepts none before `restore`. */
  cut(): void {
    this.#refusing = true;
    this.#flow();
    for (const { client, broker } of this.#pairs) {
      close(client);
      close(broker);
    }
  }

  /** Nothing gets through any more, but nobody is told. */
  stall(direction: Direction): void {
    this.#stalled.up = direction !== "down";
    this.#stalled.down = direction !== "up";
    this.#flowing = new Promise((resolve) => this.#resume = resolve);
  }

  /** Lets everything through, what has been held back first. */
  restore(): void {
    this.#refusing = false;
    this.#flow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.listener.close();
    await this.#accepting;
    await Promise.all([...this.#pairs].map(({ ended }) => ended));
  }

  #flow(): void {
    this.#stalled.up = this.#stalled.down = false;
    this.#resume();
  }

  async #accept(): Promise<void> {
    for await (const client of this.listener) {
      if (this.#refusing) close(client);
      else void this.#join(client);
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    let broker: Deno.TcpConn;
    try {
      broker = await Deno.connect({ hostname: "127.0.0.1", port: this.brokerPort });
    } catch {
      // As the client would see it: nobody is there.
      return close(client);
    }
    if (this.#refusing) {
      close(client);
      return close(broker);
    }
    client.setNoDelay(true);
    broker.setNoDelay(true);
    const ended = Promise.all([this.#pump(client, broker, "up"), this.#pump(broker, client, "down")]);
    const pair: Pair = { client, broker, ended };
    this.#pairs.add(pair);
    await ended;
    this.#pairs.delete(pair);
  }

  /** Passes on until either side is gone; then both are. */
  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, direction: "up" | "down"): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        while (this.#stalled[direction]) await this.#flowing;
        for (let start = 0; start < count;) start += await to.write(buffer.subarray(start, count));
      }
    } catch {
      // Cut, or reset by the other side.
    }
    close(from);
    close(to);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
