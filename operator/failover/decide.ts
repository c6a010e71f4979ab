/** Decides which agents move because their node has been away for too long. Pure. */
import type { FleetEntry } from "../fleet/fleet_file.ts";

/** An agent that may run on any of several nodes. */
export interface Failover {
  readonly agent: string;
  /** In order of preference. */
  readonly nodes: readonly string[];
  /** How long its node may be away, milliseconds. */
  readonly afterMs: number;
}

export interface FailoverMove {
  readonly agent: string;
  readonly from: string;
  readonly to: string;
  readonly awayMs: number;
}

export function failoversOf(entries: readonly FleetEntry[]): readonly Failover[] {
  return entries.flatMap(({ name, target, failoverMs }) =>
    failoverMs === undefined || target.kind !== "nodes"
      ? []
      : [{ agent: name, nodes: target.nodes, afterMs: failoverMs }]
  );
}

/**
 * An agent whose node is away goes to the first of its other nodes that is there; if none is, it stays.
 * @param homeOf the node where an agent should run by what was applied last
 */
export function dueMoves(
  failovers: readonly Failover[],
  homeOf: (agent: string) => string | undefined,
  absences: Pick<Absences, "awayMs">,
): readonly FailoverMove[] {
  return failovers.flatMap(({ agent, nodes, afterMs }) => {
    const from = homeOf(agent);
    if (from === undefined || !nodes.includes(from)) return [];
    const awayMs = absences.awayMs(from);
    if (awayMs === undefined || awayMs < afterMs) return [];
    const to = nodes.find((node) => node !== from && absences.awayMs(node) === undefined);
    return to === undefined ? [] : [{ agent, from, to, awayMs }];
  });
}

/** Since when each node has been away, as this process has observed it: a clock that is wrong has no effect. */
export class Absences {
  readonly #sinceMs = new Map<string, number>();
  #nowMs = 0;

  /** @param isThere whether a node is online now @param nowMs of a monotonic clock */
  note(nodes: Iterable<string>, isThere: (node: string) => boolean, nowMs: number): void {
    this.#nowMs = nowMs;
    for (const node of nodes) {
      if (isThere(node)) this.#sinceMs.delete(node);
      else if (!this.#sinceMs.has(node)) this.#sinceMs.set(node, nowMs);
    }
  }

  /** While this process hears nothing itself, it knows nothing about others: counting begins anew. */
  forget(): void {
    this.#sinceMs.clear();
  }

  /** @returns `undefined` if the node is there */
  awayMs(node: string): number | undefined {
    const sinceMs = this.#sinceMs.get(node);
    return sinceMs === undefined ? undefined : this.#nowMs - sinceMs;
  }
}
