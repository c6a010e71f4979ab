/** Details of a node, shared by its card and its page. */
import type { JSX } from "preact";
import type { NodeDto } from "../../wire.ts";
import { count, duration, megabytes, percent } from "../logic/format.ts";
import { visible } from "../logic/visible.ts";
import { apiPath } from "../state/api.ts";
import { useUsage } from "../state/usage.ts";
import { Facts } from "./basics.tsx";
import { useRange } from "./time_range.tsx";
import { UsageCharts } from "./usage_charts.tsx";

export function NodeFacts({ node }: { readonly node: NodeDto }): JSX.Element {
  return (
    <Facts
      facts={[
        ["CPU", percent(node.cpu)],
        ["Memory", megabytes(node.memory_mb)],
        ["Outbox", <span key="o" class={(node.queue ?? 0) > 0 ? "warn" : ""}>{count(node.queue)}</span>],
        ["Dropped", <span key="d" class={(node.dropped ?? 0) > 0 ? "bad" : ""}>{count(node.dropped)}</span>],
        ["Uptime", node.uptime === null ? "–" : duration(node.uptime)],
        ["Version", visible(node.version ?? "–")],
        ["Runtime", visible(node.runtime ?? "–")],
        ["Clock", clockWords(node.clock_skew)],
      ]}
    />
  );
}

export function NodeLabels({ node }: { readonly node: NodeDto }): JSX.Element | null {
  const labels = Object.entries(node.labels);
  if (labels.length === 0) return null;
  return (
    <ul class="tags" aria-label="Labels">
      {labels.map(([name, value]) => <li key={name}>{visible(`${name}=${value}`)}</li>)}
    </ul>
  );
}

export function NodeCharts({ node }: { readonly node: NodeDto }): JSX.Element {
  const { range, past, zoom } = useRange();
  const usage = useUsage(apiPath("nodes", node.name), node.last_seen, past);
  return <UsageCharts usage={usage} range={range} onZoom={zoom} />;
}

/** Ignores a difference of a second or two: it may be the message's transit time. */
function clockWords(skew: number | null): string {
  if (skew === null) return "–";
  if (Math.abs(skew) < 2) return "in time";
  return skew > 0 ? `${duration(skew)} behind` : `${duration(-skew)} ahead`;
}
