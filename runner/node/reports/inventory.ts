/** Publishes which devices the node has: once it is connected, and whenever a device or its holder changes. */
import { type DeviceKind, HELD_KINDS } from "../../../protocol/devices/devices.ts";
import type { NodeDevices } from "../../../protocol/devices/inventory.ts";
import type { Sensor } from "../../../protocol/devices/sensors.ts";
import type { Clock } from "../../clock.ts";
import type { Place } from "../../devices/place.ts";
import type { Places } from "../../devices/places.ts";
import type { Sensors } from "../../devices/sensors.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "./reporter.ts";

export interface InventoryParts {
  readonly reporter: Pick<Reporter, "nodeDevices">;
  readonly sensors: Pick<Sensors, "list">;
  readonly places: Pick<Places, "list" | "find">;
  /** Kinds of which the policy allows some agent something. */
  readonly allowed: readonly DeviceKind[];
  /** Whether another program had that port open when an agent asked for it. */
  readonly isBusy: (path: string) => boolean;
  readonly agents: () => readonly Pick<SupervisedAgent, "name" | "config">[];
  readonly clock: Clock;
}

/** How often to check for changes: the kernel tells of some in `/dev`, but of none in `/sys`. */
const LOOK_MS = 10_000;
/** Changes of holders within this time are told together. */
const SOON_MS = 1000;

/** Invariants: the retained inventory is what the last check found; there is at most one check a second. */
export class Inventory {
  #said: string | undefined;
  #isDue = false;
  #wake = () => {};

  constructor(private readonly parts: InventoryParts) {}

  async run(signal: AbortSignal): Promise<void> {
    do await this.#look(signal); while (
      await this.parts.clock.sleep(SOON_MS, signal) && await this.#untilDue(signal)
    );
  }

  /** The agent has come or gone: its devices have another holder. */
  changed({ config }: Pick<SupervisedAgent, "config">): void {
    if (HELD_KINDS.every((kind) => config.devices[kind].length === 0)) return;
    this.#isDue = true;
    this.#wake();
  }

  /** What there is now. */
  async take(): Promise<NodeDevices> {
    const { places, allowed, isBusy } = this.parts;
    const [sensors, { board, gpio, i2c, spi, serial, pwm }, held] = await Promise.all([
      this.parts.sensors.list(),
      places.list(),
      this.#held(),
    ]);
    return {
      board,
      allowed,
      sensors: sensors.map(shown),
      gpio: gpio.map(({ path, ...chip }) => ({ ...chip, holders: holdersOf(path, held, String) })),
      i2c: i2c.map(({ path, ...bus }) => ({ ...bus, holders: holdersOf(path, held, hex) })),
      spi: spi.map(({ path, ...device }) => {
        const [holder] = Object.values(holdersOf(path, held, String));
        return holder === undefined ? device : { ...device, holder };
      }),
      pwm: pwm.map(({ path, ...chip }) => ({ ...chip, holders: holdersOf(path, held, String) })),
      serial: serial.map((port) => {
        const holder = held.find(({ place }) => place.path === port.path)?.agent;
        if (holder === undefined) return port;
        return { ...port, holder, ...(isBusy(port.path) ? { problem: { code: "busy" } as const } : {}) };
      }),
    };
  }

  /** @returns whether to look again */
  async #untilDue(signal: AbortSignal): Promise<boolean> {
    if (!this.#isDue) {
      const over = new AbortController();
      this.#wake = () => over.abort();
      signal.addEventListener("abort", this.#wake, { once: true });
      await this.parts.clock.sleep(LOOK_MS - SOON_MS, over.signal);
      signal.removeEventListener("abort", this.#wake);
    }
    this.#isDue = false;
    return !signal.aborted;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const devices = await this.take();
    const said = JSON.stringify(devices);
    if (said === this.#said || signal.aborted) return;
    this.#said = said;
    this.parts.reporter.nodeDevices(devices);
  }

  /** By what the spawn configs ask for, as a second agent is refused by it. */
  async #held(): Promise<Held[]> {
    const asked = this.parts.agents().flatMap(({ name, config }) =>
      HELD_KINDS.flatMap((kind) =>
        config.devices[kind].map(async (entry) => {
          // A device that is unplugged is in no list.
          const place = await this.parts.places.find(kind, entry).catch(() => undefined);
          return place === undefined ? [] : [{ place, agent: name }];
        })
      )
    );
    return (await Promise.all(asked)).flat();
  }
}

interface Held {
  readonly place: Place;
  readonly agent: string;
}

/** The fields of a sensor that others see. */
export function shown({ id, kind, unit, name, of }: Sensor): Sensor {
  return { id, kind, unit, name, of };
}

/** @param keyOf a line's number or an address */
function holdersOf(
  path: string,
  held: readonly Held[],
  keyOf: (unit: number) => string,
): Readonly<Record<string, string>> {
  const there = held.filter(({ place }) => place.path === path);
  return Object.fromEntries(there.map(({ place, agent }) => [keyOf(place.unit), agent]));
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(2, "0")}`;
}
