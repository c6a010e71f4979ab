/** A connection that can be made half open: it stands, and nothing comes through. */

/** Invariant: nothing of it is open when it is disposed of. */
export class FreezingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #running: Promise<void>;
  #isFrozen = false;

  constructor(private readonly port: number) {
    this.#running = this.#accept();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}/`;
  }

  /** From now on nothing comes through, and nobody is told. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** New connections come through again; those that were frozen are gone. */
  thaw(): void {
    this.#isFrozen = false;
    this.#closeAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#closeAll();
    await this.#running;
  }

  async #accept(): Promise<void> {
    const pumps: Promise<void>[] = [];
    for await (const browser of this.#listener) {
      this.#connections.add(browser);
      if (this.#isFrozen) continue;
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#connections.add(server);
      pumps.push(this.#pump(browser, server), this.#pump(server, browser));
    }
    await Promise.all(pumps);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const size = await from.read(buffer);
        if (size === null) break;
        // What is on its way when it freezes is lost.
        for (let at = 0; at < size && !this.#isFrozen;) at += await to.write(buffer.subarray(at, size));
      }
    } catch {
      // Either side has gone.
    }
    this.#close(from);
    this.#close(to);
  }

  #closeAll(): void {
    for (const connection of [...this.#connections]) this.#close(connection);
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
