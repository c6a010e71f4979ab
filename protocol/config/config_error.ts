import { ExpectedError } from "../expected_error.ts";

/** A flag, a value or a file of the operator's that cannot be used; the message is one line. */
export class ConfigError extends ExpectedError {
  override name = "ConfigError";
  override readonly code = "usage";
}
