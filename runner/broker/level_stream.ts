/** Wraps a socket so that the broker library reads it reliably and with bounded memory. */
import { Duplex } from "node:stream";
import { systemClock } from "../clock.ts";
import type { Budget } from "./budget.ts";
import { PacketMeter } from "./packet_meter.ts";

/** Incoming bytes buffered for the broker before the client is made to wait. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** Outgoing bytes buffered for the client before the broker waits; it waits a few seconds at most. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** How long a client may take for the end of its connection. */
const END_MS = 1000;
/** Clients that hold less are not counted: counting them would cost work for every packet. */
const MIN_COUNTED_BYTES = 64 * 1024;

/** Limits of one client. */
export interface ClientBounds {
  /** May grow: clients that have not been let in yet may send less. */
  readonly maxPacketBytes: number;
  /** Outgoing bytes that may wait for a client before it is cut off. */
  readonly maxQueuedBytes: number;
  /** Shared by all clients. */
  readonly budget: Budget;
}

/**
 * Emits `readable` for every chunk and hands over all buffered data at once. The library reads once for each `readable`,
 * and Deno's sockets do not always emit it again while a message larger than their buffer is incomplete: such a message
 * then waited for the client's next packet.
 */
export class LevelStream extends Duplex {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #meter = new PacketMeter();
  #isEnding = false;

  constructor(private readonly socket: Duplex, private readonly bounds: ClientBounds) {
    super({ writableHighWaterMark: HIGH_WATER_BYTES });
    socket.on("data", (chunk) => this.#take(chunk as Uint8Array));
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override read(size?: number): Buffer | null {
    // The stream makes an initial empty read to get started; ignore it.
    if (size === 0 || this.#waiting.length === 0) return null;
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.socket.isPaused()) this.socket.resume();
    return bytes;
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, (error) => {
      done(error);
      this.#account();
    });
  }

  /** The library waits when there is no room, but only after it has written what it has. */
  override write(chunk: unknown, ...rest: unknown[]): boolean {
    const hasRoom = (super.write as (...all: unknown[]) => boolean).call(this, chunk, ...rest);
    if (this.writableLength > this.bounds.maxQueuedBytes) {
      this.destroy(new Error("it reads more slowly than it is sent messages"));
    } else if (!hasRoom) this.#account();
    return hasRoom;
  }

  /** Without an error, written data is sent first: it may tell the client why it is refused. */
  override destroy(error?: Error): this {
    // The library destroys the stream of a client that it refuses twice, then with an error.
    if (this.#isEnding && error !== undefined) return this;
    if (error !== undefined || this.#isEnding || this.writableLength === 0 || this.socket.destroyed) {
      return super.destroy(error);
    }
    this.#isEnding = true;
    const ended = new AbortController();
    this.end(() => ended.abort());
    this.once("close", () => ended.abort());
    void systemClock.sleep(END_MS, ended.signal).then(() => super.destroy());
    return this;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = [];
    this.bounds.budget.set(this, 0);
    if (error === null) void this.#endSocket();
    else this.socket.destroy();
    done(error);
  }

  /** With TLS, the last written data is sent only now. */
  async #endSocket(): Promise<void> {
    const closed = new AbortController();
    this.socket.once("close", () => closed.abort());
    if (this.socket.destroyed) return;
    this.socket.end();
    await systemClock.sleep(END_MS, closed.signal);
    this.socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    const excess = this.#meter.excess(chunk, this.bounds.maxPacketBytes);
    if (excess !== undefined) {
      this.destroy(new Error(`a packet of ${excess} bytes, the limit is ${this.bounds.maxPacketBytes}`));
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.socket.pause();
    this.#account();
    this.emit("readable");
  }

  #account(): void {
    if (this.destroyed) return;
    const bytes = this.#meter.unfinishedBytes + this.#waitingBytes + this.writableLength;
    this.bounds.budget.set(this, bytes < MIN_COUNTED_BYTES ? 0 : bytes);
  }
}
