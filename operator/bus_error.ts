/** What an operator is told when the broker cannot be reached or rejects a request. */
import { ExpectedError } from "../protocol/expected_error.ts";
import type { FailureKind } from "../protocol/broker/failure.ts";

/** The broker cannot be reached or rejects this client. The message says why and what to do. */
export class BusError extends ExpectedError {
  override name = "BusError";
  override readonly code = "broker";
  constructor(message: string, readonly kind: FailureKind = "other") {
    super(message);
  }
}
