/** The context that every operation needs. */
import { ExpectedError } from "../protocol/expected_error.ts";
import type { Bus } from "./bus.ts";
import type { Commander } from "./commander.ts";
import type { Fleet } from "./fleet/fleet.ts";

/** One connection, and the fleet as seen through it so far. */
export interface Operator {
  readonly bus: Bus;
  readonly commander: Commander;
  readonly fleet: Fleet;
}

/** The target of an operation does not exist or is in the wrong state. */
export class OperationError extends ExpectedError {
  override name = "OperationError";
  override readonly code = "not_found";
}
