/** `/metrics`, in the text format of Prometheus. Pure. */
import type { Model } from "../model/model.ts";

export interface MetricsSource {
  readonly model: Model;
  readonly nowMs: () => number;
  readonly isConnected: () => boolean;
  readonly browsers: () => number;
  readonly messages: () => number;
  /** Resident memory of the server, bytes. */
  readonly residentBytes: () => number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [Labels, number | undefined | null];

/** The whole page. Series with an unknown value are left out. */
export function metricsText(source: MetricsSource): string {
  return [...nodeFamilies(source), ...agentFamilies(source), ...ownFamilies(source)].join("\n") + "\n";
}

function nodeFamilies({ model, nowMs }: MetricsSource): string[] {
  const nodes = model.fleet.nodes;
  const of = (read: (node: (typeof nodes)[number]) => number | undefined) =>
    nodes.map((node): Sample => [{ node: node.name }, read(node)]);
  const now = nowMs();
  return [
    family(
      "agentflow_node_up",
      "gauge",
      "1 when the node is online.",
      of((n) => Number(model.nodeState(n.name, now) === "online")),
    ),
    family(
      "agentflow_node_last_seen_timestamp_seconds",
      "gauge",
      "When its last heartbeat arrived.",
      of(({ lastSeenMs }) => lastSeenMs === undefined ? undefined : lastSeenMs / 1000),
    ),
    family("agentflow_node_agents", "gauge", "Agents that it runs.", of(({ agents }) => agents.length)),
    family(
      "agentflow_node_cpu_ratio",
      "gauge",
      "CPU of the runner, 1 for one core.",
      of(({ cpu }) => ratio(cpu)),
    ),
    family(
      "agentflow_node_memory_bytes",
      "gauge",
      "Resident memory of the runner.",
      of((n) => bytes(n.memoryMb)),
    ),
    family(
      "agentflow_node_outbox_messages",
      "gauge",
      "Messages waiting in its outbox.",
      of(({ queue }) => queue),
    ),
    family(
      "agentflow_node_dropped_total",
      "counter",
      "Messages that its outbox had to drop.",
      of((n) => n.dropped),
    ),
    family("agentflow_node_uptime_seconds", "gauge", "Time since it started.", of(({ uptime }) => uptime)),
  ];
}

function agentFamilies({ model }: MetricsSource): string[] {
  const agents = model.fleet.agents;
  const of = (
    read: (agent: (typeof agents)[number]) => number | undefined,
    more: (agent: (typeof agents)[number]) => Labels = () => ({}),
  ) =>
    agents.map((
      agent,
    ): Sample => [{ agent: agent.name, node: agent.node ?? "", ...more(agent) }, read(agent)]);
  return [
    family(
      "agentflow_agent_state",
      "gauge",
      "1 for the state that it is in.",
      of(() => 1, ({ state }) => ({ state })),
    ),
    family(
      "agentflow_agent_cpu_ratio",
      "gauge",
      "CPU of its process, 1 for one core.",
      of(({ cpu }) => ratio(cpu)),
    ),
    family(
      "agentflow_agent_memory_bytes",
      "gauge",
      "Resident memory of its process.",
      of((a) => bytes(a.memoryMb)),
    ),
    family(
      "agentflow_agent_restarts",
      "gauge",
      "Restarts counted against its budget.",
      of(({ restarts }) => restarts),
    ),
    family(
      "agentflow_agent_uptime_seconds",
      "gauge",
      "Time since it started running.",
      of(({ uptime }) => uptime),
    ),
    family(
      "agentflow_agent_messages_processed_total",
      "counter",
      "Calls of process() and handle_task() that succeeded.",
      of((a) => a.messagesProcessed),
    ),
    family("agentflow_agent_errors_total", "counter", "Calls that failed.", of(({ errors }) => errors)),
  ];
}

function ownFamilies(source: MetricsSource): string[] {
  const { model, nowMs } = source;
  const { log_lines, log_lines_not_kept } = model.chronicle.logs.drops(nowMs() / 1000);
  const one = (value: number): Sample[] => [[{}, value]];
  return [
    family(
      "agentflow_dashboard_broker_connected",
      "gauge",
      "1 with a connection.",
      one(Number(source.isConnected())),
    ),
    family("agentflow_dashboard_browsers", "gauge", "Pages that are open.", one(source.browsers())),
    family(
      "agentflow_dashboard_messages_total",
      "counter",
      "Messages from the broker.",
      one(source.messages()),
    ),
    family("agentflow_dashboard_log_lines_total", "counter", "Log lines that arrived.", one(log_lines)),
    family(
      "agentflow_dashboard_log_lines_not_kept_total",
      "counter",
      "… not in the history.",
      one(log_lines_not_kept),
    ),
    family("agentflow_dashboard_memory_bytes", "gauge", "Resident memory.", one(source.residentBytes())),
  ];
}

function family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  // Prometheus rejects the whole page if a series appears twice, and two agents may have the same name.
  const lines = new Map<string, string>();
  for (const [labels, value] of samples) {
    const series = name + labelText(labels);
    if (value !== undefined && value !== null) lines.set(series, `${series} ${value}`);
  }
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines.values()].join("\n");
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Escapes a name so that it cannot end its line or its quotes. */
function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", " ");
}

function ratio(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : percent / 100;
}

function bytes(mb: number | undefined): number | undefined {
  return mb === undefined ? undefined : Math.round(mb * 1024 * 1024);
}
