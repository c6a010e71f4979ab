/** A socket as the broker's library can read it without losing its place. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** Incoming bytes that may wait for the broker before the client has to. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/**
 * Says `readable` for every piece that comes, and hands over all that waits at once. The library reads once for each
 * `readable`, and Deno's sockets do not always say it again while a message larger than their buffer is incomplete:
 * such a message then waited for the client's next packet.
 */
export class LevelStream extends Duplex {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(private readonly socket: Socket) {
    super();
    socket.on("data", (chunk) => this.#take(chunk as Uint8Array));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override read(size?: number): Buffer | null {
    // The stream itself asks for nothing at all, to get things going: there is no need.
    if (size === 0 || this.#waiting.length === 0) return null;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.socket.isPaused()) this.socket.resume();
    return bytes;
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  #take(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.socket.pause();
    this.emit("readable");
  }
}
