import { ExpectedError } from "../expected_error.ts";

/** A flag, value or file from the operator cannot be used; the message is one line. */
export class ConfigError extends ExpectedError {
  override name = "ConfigError";
  override readonly code = "usage";
}
