/** The GPIO lines that agents have open, and what happens to them when an agent cannot drive them. */
import type { GpioOptions, Line } from "../../protocol/devices/gpio.ts";
import type { RunnerFrame } from "../../protocol/frames.ts";
import type { Clock } from "../clock.ts";
import { ChipHost, type HostProcess } from "./chip_host.ts";
import { DeviceError } from "./device_error.ts";

/** The properties of an agent that `Gpio` needs. */
export interface LineUser {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: { readonly paused: boolean };
  send(frame: RunnerFrame): boolean;
}

export interface GpioParts {
  readonly clock: Clock;
  /** Starts the host of a chip. @param path its device node */
  readonly startHost: (path: string) => Promise<HostProcess>;
  /** Called with messages for the operator. */
  readonly onProblem: (message: string) => void;
}

interface OpenLine extends Line {
  readonly user: LineUser;
  readonly pid: number | undefined;
  readonly options: GpioOptions;
}

/** How many lines one agent may have open at the same time. */
const MAX_LINES = 64;

/**
 * Invariants: an output is at its safe level whenever its agent does not run, or is paused; a line is open for one
 * process of one agent. If a host ends unexpectedly, the next one sets its outputs to safe.
 */
export class Gpio {
  readonly #open = new Map<number, OpenLine>();
  readonly #hosts = new Map<string, ChipHost>();
  #lastHandle = 0;

  constructor(private readonly parts: GpioParts) {}

  /** @returns a handle @throws DeviceError */
  async open(user: LineUser, { chip, offset }: Line, options: GpioOptions): Promise<number> {
    const { pid } = user;
    if ([...this.#open.values()].filter((line) => line.user === user).length >= MAX_LINES) {
      throw new DeviceError("busy", `an agent has up to ${MAX_LINES} lines open`);
    }
    const held = [...this.#open.values()].find((line) => line.chip === chip && line.offset === offset);
    if (held !== undefined && held.user !== user) {
      throw new DeviceError("busy", `agent '${held.user.name}' has the line`);
    }
    const host = this.#hostOf(chip);
    const agent = user.name;
    await host.request({ op: "grant", agent, offset });
    // A paused agent does not drive its outputs.
    const given = user.state.paused ? { ...options, initial: options.safe } : options;
    await host.request({ op: "open", agent, offset, options: given });
    const handle = ++this.#lastHandle;
    this.#open.set(handle, { user, pid, chip, offset, options });
    if (user.pid === pid && pid !== undefined) return handle;
    // The process has ended in the meantime.
    await this.#release(handle);
    throw new DeviceError("failed", "the agent's process has ended");
  }

  /** @throws DeviceError */
  async read(user: LineUser, handle: number): Promise<number> {
    return await this.#ask(user, handle, "read");
  }

  /** @throws DeviceError */
  async write(user: LineUser, handle: number, value: 0 | 1): Promise<number> {
    if (user.state.paused) throw new DeviceError("paused", "an agent that is paused drives no output");
    const { chip, offset } = this.#lineOf(user, handle);
    return await this.#hostOf(chip).request({ op: "write", agent: user.name, offset, value });
  }

  /** @throws DeviceError */
  async close(user: LineUser, handle: number): Promise<number> {
    this.#lineOf(user, handle);
    await this.#release(handle);
    return 0;
  }

  /** The agent is paused: its outputs go to their safe level. */
  paused(user: LineUser): void {
    for (const [handle, line] of this.#open) {
      if (line.user === user) void this.#ask(user, handle, "rest").catch((error) => this.#say(line, error));
    }
  }

  /** The agent's process has ended, for whatever reason. */
  exited(user: LineUser): void {
    for (const [handle, line] of this.#open) if (line.user === user) void this.#release(handle);
  }

  /** The node ends: hosts set their outputs to safe, and end. */
  async end(): Promise<void> {
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
  }

  async #release(handle: number): Promise<void> {
    const line = this.#open.get(handle);
    this.#open.delete(handle);
    if (line === undefined) return;
    const { chip, offset, user: { name: agent } } = line;
    await this.#hostOf(chip).request({ op: "close", agent, offset }).catch((error) => this.#say(line, error));
  }

  async #ask(user: LineUser, handle: number, op: "read" | "rest"): Promise<number> {
    const { chip, offset } = this.#lineOf(user, handle);
    return await this.#hostOf(chip).request({ op, agent: user.name, offset });
  }

  #lineOf(user: LineUser, handle: number): OpenLine {
    const line = this.#open.get(handle);
    if (line?.user === user) return line;
    throw new DeviceError("not_granted", "the agent has no such line open");
  }

  #hostOf(chip: string): ChipHost {
    const known = this.#hosts.get(chip);
    if (known !== undefined) return known;
    const host = new ChipHost({
      start: () => this.parts.startHost(`/dev/${chip}`),
      clock: this.parts.clock,
      onEdges: ({ offset, edges, lost }) => {
        for (const [handle, line] of this.#open) {
          if (line.chip === chip && line.offset === offset) {
            line.user.send({ t: "edges", handle, edges, lost });
          }
        }
      },
      onLost: () => this.#lost(chip),
    });
    this.#hosts.set(chip, host);
    return host;
  }

  /** The outputs keep their levels, and nobody drives them until the next host sets them to safe. */
  #lost(chip: string): void {
    const lines = [...this.#open].filter(([, line]) => line.chip === chip);
    this.parts.onProblem(`The device host of ${chip} has ended, with ${lines.length} lines open`);
    for (const [handle, line] of lines) {
      this.#open.delete(handle);
      line.user.send({
        t: "device_gone",
        handle,
        message: `the device host of ${chip} has ended: open the line again`,
      });
      if (line.options.direction === "out") void this.#makeSafe(line);
    }
  }

  async #makeSafe(line: OpenLine): Promise<void> {
    const { chip, offset, options, user: { name: agent } } = line;
    const host = this.#hostOf(chip);
    try {
      await host.request({ op: "grant", agent, offset });
      await host.request({ op: "open", agent, offset, options: { ...options, initial: options.safe } });
      await host.request({ op: "close", agent, offset });
    } catch (error) {
      this.#say(line, error as Error);
    }
  }

  #say({ chip, offset, user: { name } }: OpenLine, error: Error): void {
    this.parts.onProblem(
      `Line ${offset} of ${chip}, of agent '${name}', may not be at its safe level: ${error.message}`,
    );
  }
}
