/** A row of the tables of growth, and the tables. Pure. */
import { layOut } from "../table.ts";
import { lineThrough } from "./slope.ts";

/** What so many agents of one node, or so many nodes with an agent each, cost. */
export interface Cost {
  readonly count: number;
  /** From the first command to the last first message, in seconds. */
  readonly startSeconds: number;
  /** Processor time of the runners while each agent publishes once a second, in percent of a core. */
  readonly cpuPercent: number;
  /** Memory (PSS) of the runners together, in MiB. */
  readonly memoryMib: number;
  /** Memory (PSS) of the agent in the middle, in MiB. */
  readonly eachMib: number;
  /** From a `list` to its answer, or to the last node's: the median, in milliseconds. */
  readonly listMs: number;
  /** Of all agents at once, as fast as they can. */
  readonly messagesPerSecond: number;
}

/** The figures that grow: their line is below the table. */
const GROWING = {
  "s to start": "startSeconds",
  "% of a core": "cpuPercent",
  "MiB of the runners": "memoryMib",
  "ms for a list": "listMs",
} as const;

/** @param what is counted, in the plural */
export function costTable(what: string, costs: readonly Cost[]): string[] {
  const digits = (value: number) => value >= 100 ? value.toFixed(0) : value.toFixed(1);
  return layOut(
    [what, "start s", "CPU %", "runners MiB", "an agent MiB", "list ms", "messages/s"],
    costs.map((cost) => [
      String(cost.count),
      digits(cost.startSeconds),
      digits(cost.cpuPercent),
      digits(cost.memoryMib),
      digits(cost.eachMib),
      digits(cost.listMs),
      digits(cost.messagesPerSecond),
    ]),
  );
}

/** A line for each figure that grows: what one more costs, and how well a straight line fits. */
export function slopes(costs: readonly Cost[]): string[] {
  if (costs.length < 2) return [];
  return Object.entries(GROWING).map(([unit, field]) => {
    const { base, slope, fit } = lineThrough(costs.map((cost) => ({ count: cost.count, cost: cost[field] })));
    return `${base.toFixed(1)} + ${slope.toFixed(3)} × count ${unit} (R² ${fit.toFixed(2)})`;
  });
}
