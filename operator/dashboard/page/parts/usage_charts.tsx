/** Charts of the CPU and memory that an agent or a node uses. */
import type { ComponentProps, JSX } from "preact";
import type { History } from "../../wire.ts";
import { megabytes, percent } from "../logic/format.ts";
import { Chart } from "./chart.tsx";

type ChartProps = ComponentProps<typeof Chart>;

export interface UsageChartsProps {
  readonly history: History | null;
  readonly range: ChartProps["range"];
  readonly onZoom: NonNullable<ChartProps["onZoom"]>;
}

export function UsageCharts({ history, range, onZoom }: UsageChartsProps): JSX.Element {
  const shared = { time: history?.time ?? [], range, onZoom };
  return (
    <div class="charts">
      <Chart title="CPU, of one core" values={history?.cpu ?? []} tone="cpu" format={percent} {...shared} />
      <Chart title="Memory" values={history?.memory_mb ?? []} tone="memory" format={megabytes} {...shared} />
    </div>
  );
}
