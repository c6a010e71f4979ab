/** Charts of the CPU and memory that an agent or a node uses. */
import type { ComponentProps, JSX } from "preact";
import { megabytes, percent } from "../logic/format.ts";
import type { Usage } from "../state/usage.ts";
import { Chart } from "./chart.tsx";

type ChartProps = ComponentProps<typeof Chart>;

export interface UsageChartsProps {
  readonly usage: Usage | null;
  readonly range: ChartProps["range"];
  readonly onZoom: NonNullable<ChartProps["onZoom"]>;
}

const NOTHING: Usage["cpu"] = { time: [], values: [] };

export function UsageCharts({ usage, range, onZoom }: UsageChartsProps): JSX.Element {
  const shared = { range, onZoom };
  return (
    <div class="charts">
      <Chart title="CPU, of one core" {...usage?.cpu ?? NOTHING} tone="cpu" format={percent} {...shared} />
      <Chart title="Memory" {...usage?.memory ?? NOTHING} tone="memory" format={megabytes} {...shared} />
    </div>
  );
}
