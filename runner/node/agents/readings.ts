/** Which readings each agent has published. Each name is a topic, so their number is limited. */
import { MAX_READINGS, type MeasuredReading } from "../../../protocol/readings.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export class Readings {
  readonly #names = new WeakMap<SupervisedAgent, Set<string>>();

  /** @returns why the reading is not published; `undefined` if it is */
  take(agent: SupervisedAgent, { reading }: MeasuredReading): string | undefined {
    const names = this.#names.get(agent) ?? new Set();
    if (!names.has(reading) && names.size >= MAX_READINGS) {
      return `an agent may have ${MAX_READINGS} readings of different names`;
    }
    this.#names.set(agent, names.add(reading));
    return undefined;
  }
}
