/** Switches that an agent offers: others turn them on and off by tasks. */
import { MAX_SWITCHES, switchNameProblem } from "../../protocol/readings.ts";
import type { Switch, SwitchOptions } from "../types.d.ts";
import { toMessage } from "./payload.ts";

interface Offered extends Switch {
  readonly turn: (on: boolean) => Promise<void>;
}

export class Switches {
  readonly #offered = new Map<string, Offered>();

  /** @param report publishes the state of a switch */
  constructor(private readonly report: (name: string, on: boolean) => Promise<void>) {}

  /** @throws TypeError */
  async offer(name: string, options: SwitchOptions): Promise<Switch> {
    const problem = switchNameProblem(name) ?? optionsProblem(options) ?? this.#takenProblem(name);
    if (problem !== undefined) throw new TypeError(`Cannot offer the switch ${toMessage(name)}: ${problem}`);
    const { report } = this;
    let isOn = options.on ?? false;
    let last: Promise<unknown> = Promise.resolve();
    const set = async (on: boolean) => {
      if (typeof on !== "boolean") throw new TypeError(`A switch is true or false, got ${toMessage(on)}`);
      isOn = on;
      await report(name, on);
    };
    // One after the other: the last command is what the switch ends up with.
    const turn = (on: boolean) => {
      const turned = last.then(async () => {
        await options.onChange(on);
        await set(on);
      });
      last = turned.catch(() => {});
      return turned;
    };
    const offered = {
      name,
      get on() {
        return isOn;
      },
      set,
      turn,
    };
    this.#offered.set(name, offered);
    await report(name, isOn);
    return offered;
  }

  /** What answers a task, if the task is for a switch that is offered. */
  taskFor(payload: unknown): (() => Promise<unknown>) | undefined {
    const { switch: name, on } = (payload ?? {}) as Readonly<Record<string, unknown>>;
    const offered = typeof name === "string" ? this.#offered.get(name) : undefined;
    if (offered === undefined) return undefined;
    return async () => {
      if (typeof on !== "boolean") {
        throw new TypeError(
          `Cannot turn the switch ${name}: "on" must be true or false, got ${toMessage(on)}`,
        );
      }
      await offered.turn(on);
      return { switch: name, on: offered.on };
    };
  }

  #takenProblem(name: string): string | undefined {
    if (this.#offered.has(name)) return "it is offered already";
    return this.#offered.size < MAX_SWITCHES ? undefined : `an agent may offer ${MAX_SWITCHES} switches`;
  }
}

function optionsProblem(options: SwitchOptions | undefined): string | undefined {
  if (typeof options?.onChange !== "function") return "onChange must be a function";
  return options.on === undefined || typeof options.on === "boolean" ? undefined : "on must be true or false";
}
