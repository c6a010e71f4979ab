/** Tells the bus which devices the node has: once it is connected, and whenever one comes or goes. */
import type { Sensor } from "../../../protocol/devices/sensors.ts";
import type { Clock } from "../../clock.ts";
import type { Sensors } from "../../devices/sensors.ts";
import type { Reporter } from "./reporter.ts";

export interface InventoryParts {
  readonly reporter: Pick<Reporter, "nodeDevices">;
  readonly sensors: Pick<Sensors, "list">;
  readonly clock: Clock;
}

/** How soon a device that is plugged in is known. */
const LOOK_MS = 10_000;

/** Invariant: what the broker keeps is what was there at the last look. */
export class Inventory {
  #said: string | undefined;

  constructor(private readonly parts: InventoryParts) {}

  async run(signal: AbortSignal): Promise<void> {
    do await this.#look(signal); while (await this.parts.clock.sleep(LOOK_MS, signal));
  }

  async #look(signal: AbortSignal): Promise<void> {
    const sensors = (await this.parts.sensors.list()).map(shown);
    const said = JSON.stringify(sensors);
    if (said === this.#said || signal.aborted) return;
    this.#said = said;
    this.parts.reporter.nodeDevices(sensors);
  }
}

/** What others see of a sensor. */
export function shown({ id, kind, unit, name, of }: Sensor): Sensor {
  return { id, kind, unit, name, of };
}
