/** What the open devices of an agent have in common: how they ask the node, and hear from it. */
import type { DeviceEvent, DeviceRequest } from "../../protocol/devices/requests.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";

/** What an open device depends on. */
export interface DeviceParts {
  /** Asks the node. @throws DeviceError */
  readonly ask: (request: DeviceRequest) => Promise<unknown>;
  /** Calls agent code; logs its errors. */
  readonly call: (work: () => unknown) => void;
  readonly signal: AbortSignal;
  readonly handles: Handles;
}

export interface Listener {
  receive(event: DeviceEvent): void;
  /** The node has closed the device. */
  fail(error: Error): void;
}

/** Events that may come before the answer to an opening. */
const MAX_EARLY = 1024;

/** The open devices, by handle. */
export class Handles {
  readonly #open = new Map<number, Listener>();
  /** Events that arrived before their device was open. */
  #early: { readonly handle: number; readonly event: DeviceEvent }[] = [];

  add(handle: number, listener: Listener): void {
    this.#open.set(handle, listener);
    for (const { event } of this.#early.filter((early) => early.handle === handle)) listener.receive(event);
    this.#early = [];
  }

  remove(handle: number): void {
    this.#open.delete(handle);
  }

  receive(frame: Extract<RunnerFrame, { t: "device_event" }>): void {
    const listener = this.#open.get(frame.handle);
    if (listener !== undefined) listener.receive(frame.event);
    else if (this.#early.push(frame) > MAX_EARLY) this.#early.shift();
  }

  fail(handle: number, error: Error): void {
    this.#open.get(handle)?.fail(error);
    this.#open.delete(handle);
  }
}
