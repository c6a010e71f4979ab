/** A serial port, as agent code uses it: the shape of the Web Serial API. */
import type { DeviceAction, DeviceEvent } from "../../protocol/devices/requests.ts";
import { MAX_SEND_BYTES, readSerialOptions } from "../../protocol/devices/serial.ts";
import type { SerialPort, SerialPortOptions } from "../types.d.ts";
import type { DeviceParts, Listener } from "./device_parts.ts";

export async function openSerial(
  parts: DeviceParts,
  path: string,
  given: SerialPortOptions,
): Promise<SerialPort> {
  const options = optionsOf(path, given);
  const handle = await parts.ask({ op: "open", kind: "serial", entry: path, options }) as number;
  const act = (action: DeviceAction) => parts.ask({ op: "act", handle, action });
  const reader = new Reader(options.bufferSize, async (bytes) => void await act({ do: "credit", bytes }));
  // A piece takes the port no longer than half a second, so that no request times out on a slow one.
  const piece = Math.min(MAX_SEND_BYTES, Math.max(64, Math.floor(options.baudRate / 20)));
  const writable = new WritableStream<Uint8Array>({
    async write(chunk, { signal }) {
      const bytes = Uint8Array.from(chunk);
      for (let sent = 0; sent < bytes.length;) {
        signal.throwIfAborted();
        if (reader.failure !== undefined) throw reader.failure;
        sent += await act({ do: "send", data: bytes.subarray(sent, sent + piece).toBase64() }) as number;
      }
    },
  });
  parts.handles.add(handle, reader);
  let closing: Promise<void> | undefined;
  const close = async () => {
    reader.end();
    parts.handles.remove(handle);
    if (reader.failure === undefined) await parts.ask({ op: "close", handle });
  };
  return { path, readable: reader.readable, writable, close: () => closing ??= close() };
}

function optionsOf(path: string, given: SerialPortOptions) {
  if (typeof path !== "string") throw new TypeError("A serial port is asked for by its path");
  try {
    return readSerialOptions(given);
  } catch (error) {
    throw new TypeError(`Cannot open ${path}: ${(error as Error).message}`);
  }
}

/** Invariant: what waits in the stream and what may still come are no more than the buffer. */
class Reader implements Listener {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  failure: Error | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** Bytes that the port may send and has not sent. */
  #allowed = 0;
  #isOver = false;

  constructor(bufferSize: number, allow: (bytes: number) => Promise<void>) {
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
        this.#controller = controller;
      },
      pull: async ({ desiredSize }) => {
        const more = (desiredSize ?? 0) - this.#allowed;
        // Small amounts would be asked for byte by byte.
        if (this.#isOver || more < bufferSize / 2) return;
        this.#allowed += more;
        await allow(more).catch((error) => this.fail(error));
      },
      cancel: () => void (this.#isOver = true),
    }, new ByteLengthQueuingStrategy({ highWaterMark: bufferSize }));
  }

  receive(event: DeviceEvent): void {
    if (!("data" in event) || this.#isOver) return;
    const bytes = Uint8Array.fromBase64(event.data);
    this.#allowed -= bytes.length;
    this.#controller?.enqueue(bytes);
  }

  fail(error: Error): void {
    this.failure = error;
    if (!this.#isOver) this.#controller?.error(error);
    this.#isOver = true;
  }

  end(): void {
    if (!this.#isOver) this.#controller?.close();
    this.#isOver = true;
  }
}
