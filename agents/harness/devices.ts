/** The devices of the node, as agent code uses them. The node checks each request. */
import type { DeviceErrorCode, DeviceFailure, DeviceRequest } from "../../protocol/devices/requests.ts";
import type { Agent, Reading, Sensor, SensorInfo } from "../types.d.ts";
import { toMessage } from "./payload.ts";
import type { Pipe } from "./pipe.ts";
import type { PendingRequests } from "./requests.ts";

/** The node does not do what was asked of a device. */
class DeviceError extends Error {
  override readonly name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, message: string) {
    super(message);
  }
}

export function createDevices(
  pending: PendingRequests,
  pipe: Pick<Pipe, "send">,
): Pick<Agent, "sensors" | "sensor"> {
  async function ask(request: DeviceRequest): Promise<unknown> {
    const answer = await pending.ask((id) => pipe.send({ t: "device", id, request })) as {
      readonly value?: unknown;
      readonly error?: DeviceFailure;
    };
    if (answer.error !== undefined) throw new DeviceError(answer.error.code, answer.error.message);
    return answer.value;
  }

  function sensor(id: string): Sensor {
    if (typeof id !== "string" || id === "") {
      throw new TypeError(`A sensor is asked for by its id or its kind, got ${toMessage(id)}`);
    }
    return { id, read: async () => await ask({ op: "read", sensor: id }) as Reading };
  }

  return { sensors: async () => await ask({ op: "sensors" }) as SensorInfo[], sensor };
}
