/** The devices of the node, as agent code uses them. The node checks each request. */
import type { DeviceErrorCode, DeviceFailure, DeviceRequest } from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Agent, Reading, Sensor, SensorInfo } from "../types.d.ts";
import type { GpioLines } from "./gpio.ts";
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

export interface DeviceParts {
  readonly pipe: Pick<Pipe, "send">;
  readonly signal: AbortSignal;
  /** Calls agent code; logs its errors. */
  readonly call: (work: () => unknown) => void;
}

export class Devices {
  readonly #pending = new PendingRequests();
  #lines: GpioLines | undefined;
  /** For the `agent` object. Its functions do not use `this`. */
  readonly api: Pick<Agent, "sensors" | "sensor" | "gpio">;

  constructor(private readonly parts: DeviceParts) {
    const ask = (request: DeviceRequest) => this.#ask(request);
    this.api = {
      sensors: async () => await ask({ op: "sensors" }) as SensorInfo[],
      sensor: (id) => sensor(id, ask),
      gpio: async (line, options) => {
        if (typeof line !== "string") {
          throw new TypeError(`A line is asked for by its name, got ${toMessage(line)}`);
        }
        return await (await this.#opener()).open(line, options);
      },
    };
  }

  receive(frame: Extract<RunnerFrame, { t: "device" | "edges" | "device_gone" }>): void {
    if (frame.t === "device") this.#pending.answer(frame.id, frame);
    else this.#lines?.receive(frame);
  }

  /** Loaded lazily: only for agents that open lines. */
  async #opener(): Promise<GpioLines> {
    const { GpioLines } = await import("./gpio.ts");
    return this.#lines ??= new GpioLines({
      ask: (request) => this.#ask(request),
      signal: this.parts.signal,
      call: this.parts.call,
      gone: (message) => new DeviceError("failed", message),
    });
  }

  async #ask(request: DeviceRequest): Promise<unknown> {
    const answer = await this.#pending.ask((id) => this.parts.pipe.send({ t: "device", id, request })) as {
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
