/** The runner's side of one device host: starts it when it is needed, and again when it has ended. */
import type { DeviceValue } from "../../protocol/devices/requests.ts";
import type { Clock } from "../clock.ts";
import { DeviceError } from "./device_error.ts";
import type { HostAnswer, HostEvent, HostRequest } from "./host/frames.ts";

/** A host's process. */
export interface HostProcess {
  /** @returns whether the line was accepted */
  send(line: string): boolean;
  readonly lines: AsyncIterable<string>;
  /** Closes its stdin: the host sets its outputs to safe and exits. Resolves when it has exited. */
  end(): Promise<void>;
}

export interface HostClientParts {
  readonly start: () => Promise<HostProcess>;
  readonly clock: Clock;
  readonly onEvent: (unit: number, event: HostEvent) => void;
  /** It ended by itself. */
  readonly onLost: () => void;
}

const ANSWER_MS = 5000;
/** Time limit for a process's first answer: it starts slowly on a small or busy machine. */
const FIRST_ANSWER_MS = 30_000;

/** How long the node waits for the host to end. */
const END_MS = 3000;

interface Pending {
  readonly resolve: (value: DeviceValue) => void;
  readonly reject: (error: DeviceError) => void;
  readonly late: AbortController;
}

/** Invariant: every request is answered once, with an error if the host ends or does not answer. */
export class HostClient {
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #process: Promise<HostProcess> | undefined;
  /** Processes whose output is being read. */
  readonly #read = new WeakSet<HostProcess>();
  /** The last process that answered. */
  #answered: HostProcess | undefined;
  #isClosed = false;

  constructor(private readonly parts: HostClientParts) {}

  /** @throws DeviceError */
  async request(request: HostRequest): Promise<DeviceValue> {
    const process = await this.#running();
    const id = ++this.#lastId;
    const late = new AbortController();
    const answer = new Promise<DeviceValue>((resolve, reject) =>
      this.#pending.set(id, { resolve, reject, late })
    );
    if (!process.send(`${JSON.stringify({ id, ...request })}\n`)) {
      this.#fail(id, new DeviceError("failed", "the device host has ended"));
    }
    const limitMs = this.#answered === process ? ANSWER_MS : FIRST_ANSWER_MS;
    void this.parts.clock.sleep(limitMs, late.signal).then((isLate) => {
      if (isLate) this.#fail(id, new DeviceError("timeout", `no answer within ${limitMs / 1000} s`));
    });
    return await answer;
  }

  /** Whether a request is under way. */
  get isAsked(): boolean {
    return this.#pending.size > 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const process = await this.#process?.catch(() => undefined);
    const patience = new AbortController();
    await Promise.race([process?.end(), this.parts.clock.sleep(END_MS, patience.signal)]);
    patience.abort();
  }

  async #running(): Promise<HostProcess> {
    if (this.#isClosed) throw new DeviceError("failed", "the node is shutting down");
    const starting = this.#process ??= this.parts.start();
    try {
      const process = await starting;
      if (!this.#read.has(process)) void this.#listen(process);
      return process;
    } catch (error) {
      this.#process = undefined;
      throw new DeviceError("failed", `the device host does not start: ${(error as Error).message}`);
    }
  }

  async #listen(process: HostProcess): Promise<void> {
    this.#read.add(process);
    try {
      for await (const line of process.lines) {
        this.#answered = process;
        this.#receive(JSON.parse(line) as HostAnswer);
      }
    } catch {
      // It died in the middle of a line.
    }
    this.#process = undefined;
    for (const id of this.#pending.keys()) {
      this.#fail(id, new DeviceError("failed", "the device host has ended; it is started again"));
    }
    if (!this.#isClosed) this.parts.onLost();
  }

  #receive(answer: HostAnswer): void {
    if ("event" in answer) return this.parts.onEvent(answer.unit, answer.event);
    if ("error" in answer) {
      return this.#fail(answer.id, new DeviceError(answer.error.code, answer.error.message));
    }
    this.#take(answer.id)?.resolve(answer.value);
  }

  #fail(id: number, error: DeviceError): void {
    this.#take(id)?.reject(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.late.abort();
    return pending;
  }
}
