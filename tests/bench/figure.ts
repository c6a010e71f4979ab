/** What every figure has in common. */
import type { Bus, Message } from "../support/bus.ts";
import type { Result } from "./report.ts";
import type { Rig } from "./rig.ts";

/** Something to measure. */
export interface Figure {
  /** For `--only`. */
  readonly name: string;
  /** How it is measured: read together with the table. */
  readonly method: string;
  /** @param quick fewer samples: to see that it works, not to quote */
  run(rig: Rig, quick: boolean): Promise<Result[]>;
}

/** The next heartbeat of `agent` that says `state`, from `from` on. */
export function heartbeat(bus: Bus, agent: string, state: string, from: number): Promise<Message> {
  return bus.find(
    `heartbeat of ${agent} with state ${state}`,
    ({ topic, json }) => topic.endsWith("/heartbeat") && json?.name === agent && json.state === state,
    from,
  );
}
