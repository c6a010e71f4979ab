/** Reads what requests carry. Pure, but for the body's arrival. */
import { isJsonObject } from "../../../../protocol/json.ts";
import { type ErrorCode, ExpectedError } from "../../../../protocol/expected_error.ts";

/** A request that cannot be answered as it is; the message is for whoever sent it. */
export class RequestError extends ExpectedError {
  override name = "RequestError";
  constructor(override readonly code: ErrorCode, message: string) {
    super(message);
  }
}

/** A spawn config may hold 1 MiB of code, and JSON writes some characters as six. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** @throws RequestError for a body that is no JSON object, or too large */
export async function readBody(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new RequestError("too_large", `the body must not exceed ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const text = await new Blob(chunks as BlobPart[]).text();
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw new RequestError("usage", "the body is not JSON");
  }
  if (isJsonObject(value)) {
    return value as Record<string, unknown>;
  }
  throw new RequestError("usage", "the body must be a JSON object");
}

/** @throws RequestError */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  fallback: number,
  max: number,
): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= max) return value;
  throw new RequestError(
    "usage",
    `${name} must be a whole number from 1 to ${max}: current value is '${text}'`,
  );
}

/** @throws RequestError when the field is missing, or no text */
export function requiredText(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new RequestError("usage", `${name} must be a text that is not empty`);
}
