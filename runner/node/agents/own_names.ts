/** The names of each agent's readings and switches. Each name is a topic, so their number is limited. */
import { MAX_READINGS, MAX_SWITCHES } from "../../../protocol/readings.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

interface Names {
  readonly readings: Set<string>;
  readonly switches: Set<string>;
}

export class OwnNames {
  readonly #of = new WeakMap<SupervisedAgent, Names>();

  /** @returns why the reading is not published; `undefined` if it is */
  takeReading(agent: SupervisedAgent, name: string): string | undefined {
    return isTaken(this.#names(agent).readings, name, MAX_READINGS)
      ? undefined
      : `an agent may have ${MAX_READINGS} readings of different names`;
  }

  /** @returns why the switch is not published; `undefined` if it is */
  takeSwitch(agent: SupervisedAgent, name: string): string | undefined {
    return isTaken(this.#names(agent).switches, name, MAX_SWITCHES)
      ? undefined
      : `an agent may offer ${MAX_SWITCHES} switches`;
  }

  #names(agent: SupervisedAgent): Names {
    const names = this.#of.get(agent) ?? { readings: new Set(), switches: new Set() };
    this.#of.set(agent, names);
    return names;
  }
}

function isTaken(names: Set<string>, name: string, max: number): boolean {
  if (names.size < max) names.add(name);
  return names.has(name);
}
