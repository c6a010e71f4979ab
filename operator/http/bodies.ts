/** Reads request bodies, bounded in size, in time, and in total. */
import { type ErrorCode, ExpectedError } from "../../protocol/expected_error.ts";

/** A request that cannot be answered as sent; the message is for the client. */
export class RequestError extends ExpectedError {
  override name = "RequestError";
  constructor(override readonly code: ErrorCode, message: string) {
    super(message);
  }
}

export interface BodyLimits {
  /** For all bodies being read, bytes. */
  readonly totalBytes: number;
  /** From the request to the end of its body, milliseconds. */
  readonly patienceMs: number;
}

const LIMITS: BodyLimits = { totalBytes: 32 * 1024 * 1024, patienceMs: 30_000 };
/** Bodies up to this size are always read, however much memory others use. */
const SMALL_BYTES = 64 * 1024;

/** Invariant: incomplete bodies hold at most `totalBytes` together, plus `SMALL_BYTES` each. */
export class Bodies {
  #heldBytes = 0;

  constructor(private readonly limits: BodyLimits = LIMITS) {}

  /** @throws RequestError if the body is too large or too slow, or too many large ones are being read */
  async read(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const { totalBytes, patienceMs } = this.limits;
    const tooLarge = () => new RequestError("too_large", `the body must not exceed ${maxBytes} bytes`);
    if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
    if (request.body === null) return new Uint8Array();
    const reader = request.body.getReader();
    const chunks: Uint8Array[] = [];
    let [bytes, isLate] = [0, false];
    const timer = setTimeout(() => {
      isLate = true;
      void reader.cancel();
    }, patienceMs);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (isLate) throw new RequestError("usage", `the body did not arrive within ${patienceMs / 1000} s`);
        if (done) return joined(chunks, bytes);
        chunks.push(value);
        bytes += value.length;
        this.#heldBytes += value.length;
        if (bytes > maxBytes) throw tooLarge();
        if (bytes > SMALL_BYTES && this.#heldBytes > totalBytes) {
          throw new RequestError("busy", "too many large requests are under way: try again");
        }
      }
    } finally {
      clearTimeout(timer);
      this.#heldBytes -= bytes;
      // Stops the rest from being sent; fails if the body has already ended.
      reader.cancel().catch(() => {});
    }
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
