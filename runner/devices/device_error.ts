/** A request for a device that failed. */
import type { DeviceErrorCode } from "../../protocol/devices/requests.ts";
import { ExpectedError } from "../../protocol/expected_error.ts";

/** The message is for the agent's author. */
export class DeviceError extends ExpectedError {
  override name = "DeviceError";
  constructor(readonly reason: DeviceErrorCode, message: string) {
    super(message);
  }
}
