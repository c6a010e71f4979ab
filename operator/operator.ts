/** What every operation of an operator works with. */
import { ExpectedError } from "../protocol/expected_error.ts";
import type { Bus } from "./bus.ts";
import type { Commander } from "./commander.ts";
import type { Fleet } from "./fleet/fleet.ts";

/** One connection, and what it has heard so far. */
export interface Operator {
  readonly bus: Bus;
  readonly commander: Commander;
  readonly fleet: Fleet;
}

/** What an operation was to work on is not there, or is not as it has to be. */
export class OperationError extends ExpectedError {
  override name = "OperationError";
  override readonly code = "not_found";
}
