/** The devices of the node, as agent code uses them. The node checks each request. */
import type { DeviceErrorCode, DeviceFailure, DeviceRequest } from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Agent, Reading, Sensor, SensorInfo } from "../types.d.ts";
import { type DeviceParts, Handles } from "./device_parts.ts";
import { toMessage } from "./payload.ts";
import type { Pipe } from "./pipe.ts";
import { PendingRequests } from "./requests.ts";

/** A device request that failed or was refused. */
class DeviceError extends Error {
  override readonly name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, message: string) {
    super(message);
  }
}

export class Devices {
  readonly #pending = new PendingRequests();
  readonly #handles = new Handles();
  /** For the `agent` object. Its functions do not use `this`. */
  readonly api: Pick<Agent, "sensors" | "sensor" | "gpio" | "i2c" | "spi" | "pwm" | "serial">;

  constructor(
    private readonly pipe: Pick<Pipe, "send">,
    given: Pick<DeviceParts, "signal" | "call">,
  ) {
    const ask = (request: DeviceRequest) => this.#ask(request);
    const parts: DeviceParts = { ...given, ask, handles: this.#handles };
    // What follows is loaded lazily: only by agents that open such devices.
    this.api = {
      sensors: async () => await ask({ op: "sensors" }) as SensorInfo[],
      sensor: (id) => sensor(id, ask),
      gpio: async (line, options) => {
        if (typeof line !== "string") {
          throw new TypeError(`A line is asked for by its name, got ${toMessage(line)}`);
        }
        return await (await import("./gpio.ts")).openLine(parts, line, options);
      },
      i2c: async (bus, address) => await (await import("./i2c.ts")).openI2c(parts, bus, address),
      spi: async (device, options) => await (await import("./spi.ts")).openSpi(parts, device, options),
      pwm: async (channel, options) => await (await import("./pwm.ts")).openPwm(parts, channel, options),
      serial: async (path, options) => await (await import("./serial.ts")).openSerial(parts, path, options),
    };
  }

  receive(frame: Extract<RunnerFrame, { t: "device" | "device_event" | "device_gone" }>): void {
    if (frame.t === "device") this.#pending.answer(frame.id, frame);
    else if (frame.t === "device_event") this.#handles.receive(frame);
    else this.#handles.fail(frame.handle, new DeviceError(frame.code, frame.message));
  }

  async #ask(request: DeviceRequest): Promise<unknown> {
    const answer = await this.#pending.ask((id) => this.pipe.send({ t: "device", id, request })) as {
      readonly value?: unknown;
      readonly error?: DeviceFailure;
    };
    if (answer.error !== undefined) throw new DeviceError(answer.error.code, answer.error.message);
    return answer.value;
  }
}

function sensor(id: string, ask: (request: DeviceRequest) => Promise<unknown>): Sensor {
  if (typeof id !== "string" || id === "") {
    throw new TypeError(`A sensor is asked for by its id or its kind, got ${toMessage(id)}`);
  }
  return { id, read: async () => await ask({ op: "read", sensor: id }) as Reading };
}
