/** The nodes, as cards or as a searchable, sortable table. */
import type { JSX } from "preact";
import type { AgentDto, NodeDto } from "../../wire.ts";
import { countStates } from "../logic/agent_rows.ts";
import { plural } from "../logic/format.ts";
import { nodeOptionsIn, nodeRowsOf } from "../logic/node_rows.ts";
import { nodeState } from "../logic/states.ts";
import { Button, Empty, PageHead, SearchField, Segments } from "../parts/basics.tsx";
import { Ago, StateMark } from "../parts/marks.tsx";
import { NodeCharts, NodeFacts, NodeLabels } from "../parts/node_parts.tsx";
import { NodeTable } from "../parts/node_table.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

/** Above this, the default is a table, and cards have no charts: each chart fetches an hour of history. */
const MAX_CARDS = 12;

export function Nodes(): JSX.Element {
  const { store, router } = useApp();
  store.watchFleet();
  const options = nodeOptionsIn(router.route.value.query);
  const rows = nodeRowsOf(store.nodes, store.agents.values(), options, store.judged.value);
  const online = rows.filter(({ state }) => state === "online").length;
  const isMany = store.nodes.size > MAX_CARDS;
  const chosen = router.query("arrange");
  const isTable = chosen === "table" || (chosen !== "cards" && isMany);
  const byNode = Map.groupBy(store.agents.values(), ({ node }) => node);
  return (
    <div class={isTable ? "view view-fill" : "view"}>
      <PageHead title="Nodes" note={`${online} of ${plural(rows.length, "node")} online`}>
        <SearchField
          label="Search nodes, labels"
          value={options.text}
          onInput={(q) => router.choose({ q }, "typing")}
        />
        <Segments
          label="Arrangement"
          value={isTable ? "table" : "cards"}
          options={[["cards", "Cards"], ["table", "Table"]]}
          onChange={(arrange) => router.choose({ arrange })}
        />
      </PageHead>
      {rows.length === 0
        ? store.nodes.size === 0
          ? <Empty title="No node has reported yet">A node appears here with its first heartbeat.</Empty>
          : <Empty title="No node fits">Try another search, such as a label: room=kitchen.</Empty>
        : isTable
        ? <NodeTable rows={rows} options={options} />
        : (
          <div class="cards">
            {rows.map(({ node }) => (
              <NodeCard
                key={node.name}
                node={node}
                agents={byNode.get(node.name) ?? []}
                hasChart={!isMany}
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
  return (
    <article class={`card card-${state}`} data-node={node.name} aria-label={`Node ${node.name}`}>
      <header class="card-head">
        <h2>
          <a href={href("nodes", node.name)}>{node.name}</a>
        </h2>
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
      <NodeFacts node={node} />
      <NodeLabels node={node} />
      {hasChart && <NodeCharts node={node} />}
    </article>
  );
}
