/** Publishes which devices the node has: once it is connected, and whenever a device is added or removed. */
import { type GpioChip, type HeldChip, lineOf } from "../../../protocol/devices/gpio.ts";
import type { Sensor } from "../../../protocol/devices/sensors.ts";
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Sensors } from "../../devices/sensors.ts";
import type { Reporter } from "./reporter.ts";

export interface InventoryParts {
  readonly reporter: Pick<Reporter, "nodeDevices">;
  readonly sensors: Pick<Sensors, "list">;
  readonly chips: () => Promise<readonly GpioChip[]>;
  /** Why the node cannot use a chip. */
  readonly chipProblem: (chip: GpioChip) => Promise<string | undefined>;
  readonly agents: () => readonly Pick<SupervisedAgent, "name" | "config">[];
  readonly clock: Clock;
}

/** How often to check for added and removed devices. */
const LOOK_MS = 10_000;

/** Invariant: the retained inventory is what the last check found. */
export class Inventory {
  #said: string | undefined;

  constructor(private readonly parts: InventoryParts) {}

  async run(signal: AbortSignal): Promise<void> {
    do await this.#look(signal); while (await this.parts.clock.sleep(LOOK_MS, signal));
  }

  async #look(signal: AbortSignal): Promise<void> {
    const sensors = (await this.parts.sensors.list()).map(shown);
    const gpio = await Promise.all(
      heldChips(await this.parts.chips(), this.parts.agents()).map(async (chip) => {
        const problem = await this.parts.chipProblem(chip);
        return problem === undefined ? chip : { ...chip, problem };
      }),
    );
    const said = JSON.stringify({ sensors, gpio });
    if (said === this.#said || signal.aborted) return;
    this.#said = said;
    this.parts.reporter.nodeDevices({ sensors, gpio });
  }
}

/** The fields of a sensor that others see. */
export function shown({ id, kind, unit, name, of }: Sensor): Sensor {
  return { id, kind, unit, name, of };
}

/** The chips, with the agents that hold lines, by line number. */
export function heldChips(
  chips: readonly GpioChip[],
  agents: readonly Pick<SupervisedAgent, "name" | "config">[],
): HeldChip[] {
  const held = agents.flatMap(({ name, config }) =>
    config.devices.gpio.flatMap((entry) => {
      const line = lineOf(entry, chips);
      return line === undefined ? [] : [{ ...line, name }];
    })
  );
  return chips.map(({ chip, names }) => {
    const holders = held.filter((line) => line.chip === chip).map(({ offset, name }) => [offset, name]);
    return { chip, names, holders: Object.fromEntries(holders) };
  });
}
