/** The nodes: whether they are online, and their health. */
import type { JSX } from "preact";
import type { AgentDto, History, NodeDto } from "../../wire.ts";
import { countStates } from "../logic/agent_rows.ts";
import { count, duration, megabytes, percent, plural } from "../logic/format.ts";
import { nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { Button, Empty, Facts, PageHead } from "../parts/basics.tsx";
import { useRange } from "../parts/time_range.tsx";
import { Chart } from "../parts/chart.tsx";
import { Ago, StateMark } from "../parts/marks.tsx";
import { apiPath } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { useFetched } from "../state/fetched.ts";
import { href } from "../state/router.ts";

/** With more nodes than this, no charts are shown: each would fetch its past hour. */
const MAX_CHARTS = 12;

export function Nodes(): JSX.Element {
  const { store } = useApp();
  store.watchFleet();
  const nodes = [...store.nodes.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const online = nodes.filter((node) => nodeState(node, store.judged.value) === "online").length;
  const byNode = Map.groupBy(store.agents.values(), ({ node }) => node);
  return (
    <div class="view">
      <PageHead title="Nodes" note={`${online} of ${plural(nodes.length, "node")} online`} />
      {nodes.length === 0
        ? <Empty title="No node has reported yet">A node appears here with its first heartbeat.</Empty>
        : (
          <div class="cards">
            {nodes.map((node) => (
              <NodeCard
                key={node.name}
                node={node}
                agents={byNode.get(node.name) ?? []}
                hasChart={nodes.length <= MAX_CHARTS}
              />
            ))}
          </div>
        )}
    </div>
  );
}

function NodeCard(
  { node, agents, hasChart }: {
    readonly node: NodeDto;
    readonly agents: readonly AgentDto[];
    readonly hasChart: boolean;
  },
): JSX.Element {
  const app = useApp();
  const { store } = app;
  const state = nodeState(node, store.judged.value);
  const states = [...countStates(agents, store.nodes, store.judged.value)];
  const labels = Object.entries(node.labels);
  return (
    <article class={`card card-${state}`} data-node={node.name} aria-label={`Node ${node.name}`}>
      <header class="card-head">
        <h2>{node.name}</h2>
        <StateMark state={state} />
        <span class="note">
          <Ago time={node.last_seen} />
        </span>
        {app.mayControl && state !== "offline" && (
          <Button
            tone="ghost"
            iconOnly
            icon="power"
            label={`Stop all agents and end ${node.name}`}
            onClick={() => app.asked.value = { kind: "stop_all", node: node.name }}
          />
        )}
      </header>
      <p class="card-states">
        <a href={href("agents", undefined, { q: node.name })}>{plural(agents.length, "agent")}</a>
        {states.map(([name, number]) => (
          <span key={name}>
            {number} <StateMark state={name} />
          </span>
        ))}
      </p>
      <Facts
        facts={[
          ["CPU", percent(node.cpu)],
          ["Memory", megabytes(node.memory_mb)],
          ["Outbox", <span key="o" class={(node.queue ?? 0) > 0 ? "warn" : ""}>{count(node.queue)}</span>],
          [
            "Dropped",
            <span key="d" class={(node.dropped ?? 0) > 0 ? "bad" : ""}>{count(node.dropped)}</span>,
          ],
          ["Uptime", node.uptime === null ? "–" : duration(node.uptime)],
          ["Version", visible(node.version ?? "–")],
          ["Runtime", visible(node.runtime ?? "–")],
          ["Clock", clockWords(node.clock_skew)],
        ]}
      />
      {labels.length > 0 && (
        <ul class="tags" aria-label="Labels">
          {labels.map(([name, value]) => <li key={name}>{visible(`${name}=${value}`)}</li>)}
        </ul>
      )}
      {hasChart && <NodeCharts node={node} />}
    </article>
  );
}

function NodeCharts({ node }: { readonly node: NodeDto }): JSX.Element {
  const history = useFetched<History>(apiPath("nodes", node.name, "history"), node.last_seen);
  const { range } = useRange();
  return (
    <div class="charts">
      <Chart
        title="CPU, of one core"
        time={history?.time ?? []}
        values={history?.cpu ?? []}
        tone="cpu"
        format={percent}
        range={range}
      />
      <Chart
        title="Memory"
        time={history?.time ?? []}
        values={history?.memory_mb ?? []}
        tone="memory"
        format={megabytes}
        range={range}
      />
    </div>
  );
}

/** A second or two may be the transit time of the message. */
function clockWords(skew: number | null): string {
  if (skew === null) return "–";
  if (Math.abs(skew) < 2) return "in time";
  return skew > 0 ? `${duration(skew)} behind` : `${duration(-skew)} ahead`;
}
