/** A connection to a link-local address with a zone, which Deno's `node:net` sockets do not support. */
import { Duplex } from "node:stream";

export interface Target {
  /** `fe80::1%eth0` */
  readonly host: string;
  readonly port: number;
}

/** Invariant: nothing is written until the connection is up and has been vetted. */
export class ZoneSocket extends Duplex {
  #connection: Deno.TcpConn | undefined;
  readonly #buffer = new Uint8Array(64 * 1024);

  /** @param vet called once the connection is up, with the local port; throws when it must not be used */
  constructor(private readonly target: Target, private readonly vet: (localPort: number) => void = () => {}) {
    super();
  }

  override async _construct(callback: (error?: Error) => void): Promise<void> {
    try {
      const { host: hostname, port } = this.target;
      const connection = this.#connection = await Deno.connect({ hostname, port });
      connection.setNoDelay(true);
      this.vet(connection.localAddr.port);
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  override async _read(): Promise<void> {
    try {
      const count = await this.#connection?.read(this.#buffer);
      this.push(typeof count === "number" ? Buffer.from(this.#buffer.subarray(0, count)) : null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  override async _write(
    chunk: Uint8Array,
    _encoding: string,
    callback: (error?: Error) => void,
  ): Promise<void> {
    try {
      for (let start = 0; start < chunk.length;) {
        start += await this.#connection?.write(chunk.subarray(start)) ?? Infinity;
      }
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    try {
      this.#connection?.close();
    } catch {
      // The other side has already closed it.
    }
    callback(error);
  }
}
