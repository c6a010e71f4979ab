/** One node: its health, its agents, its log, and what happened to it. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { NodeDto, TimelineEvent } from "../../wire.ts";
import { deviceWords, megabytes, percent, plural } from "../logic/format.ts";
import { agentState, nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { agentActions } from "../parts/agent_actions.ts";
import { Button, Empty, PageHead, Panel } from "../parts/basics.tsx";
import { EventList } from "../parts/entries.tsx";
import { Icon } from "../parts/icons.tsx";
import { LogList } from "../parts/log_list.tsx";
import { Ago, StateMark } from "../parts/marks.tsx";
import { Menu } from "../parts/menu.tsx";
import { NodeCharts, NodeFacts, NodeLabels } from "../parts/node_parts.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { RangeChoice, useRange } from "../parts/time_range.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

const TABS = ["overview", "logs", "timeline"] as const;
type TabId = typeof TABS[number];

export function NodePage({ name }: { readonly name: string }): JSX.Element {
  const app = useApp();
  const { store, router } = app;
  store.watchFleet();
  const node = store.nodes.get(name);
  const tab = TABS.find((known) => known === router.query("tab")) ?? "overview";
  if (node === undefined) {
    return (
      <div class="view">
        <PageHead title="This node is not known" />
        <Empty title={name}>
          It has not reported since this server started. <a href={href("nodes")}>All nodes</a>
        </Empty>
      </div>
    );
  }
  const state = nodeState(node, store.judged.value);
  return (
    <div class="view">
      <header class="agent-head">
        <a class="back" href={router.listOf("nodes")} aria-label="All nodes">
          <Icon name="back" />
        </a>
        <div class="agent-title">
          <h1 tabIndex={-1}>{node.name}</h1>
          <StateMark state={state} />
          <span class="note">
            heard <Ago time={node.last_seen} />
          </span>
        </div>
        {app.mayControl && state !== "offline" && (
          <div class="agent-tools">
            <Button
              icon="power"
              tone="danger"
              label="Stop all agents and end it…"
              onClick={() => app.asked.value = { kind: "stop_all", node: node.name }}
            />
          </div>
        )}
      </header>
      <Tabs<TabId>
        label={`About ${node.name}`}
        current={tab}
        onSelect={(next) => router.choose({ tab: next === "overview" ? "" : next })}
        tabs={[
          { id: "overview", label: "Overview" },
          { id: "logs", label: "Logs" },
          { id: "timeline", label: "Timeline" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="tab-panel">
        {tab === "overview" ? <NodeOverview node={node} /> : tab === "logs"
          ? (
            <Panel flush>
              <LogList filter={{ node: node.name }} showAgent />
            </Panel>
          )
          : <NodeEvents name={node.name} />}
      </div>
    </div>
  );
}

function NodeOverview({ node }: { readonly node: NodeDto }): JSX.Element {
  const { name, choose } = useRange();
  return (
    <div class="columns">
      <div class="column-wide">
        <Panel title="Use of resources, by the runner" aside={<RangeChoice name={name} onChoose={choose} />}>
          <NodeCharts node={node} />
        </Panel>
        <NodeAgents node={node} />
      </div>
      <div class="column-narrow">
        <Panel title="Facts">
          <NodeFacts node={node} />
        </Panel>
        <Panel title="Labels">
          {Object.keys(node.labels).length === 0
            ? <p class="note">It has none.</p>
            : <NodeLabels node={node} />}
        </Panel>
        <Panel title="Sensors">
          {node.sensors.length === 0
            ? <p class="note">It has told of none.</p>
            : <ul class="topics">{node.sensors.map((sensor) => <li key={sensor}>{visible(sensor)}</li>)}</ul>}
        </Panel>
        <Panel title="Devices">
          {node.board !== "" && <p class="note">{visible(node.board)}</p>}
          {node.devices.length === 0 ? <p class="note">It has told of none.</p> : (
            <ul class="topics">
              {node.devices.map((device) => (
                <li key={`${device.kind} ${device.device}`}>{visible(deviceWords(device))}</li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
    </div>
  );
}

function NodeAgents({ node }: { readonly node: NodeDto }): JSX.Element {
  const app = useApp();
  const { store } = app;
  const agents = [...store.agents.values()].filter((agent) => agent.node === node.name)
    .sort((a, b) => a.name < b.name ? -1 : 1);
  return (
    <Panel
      title={plural(agents.length, "agent")}
      flush
      aside={<a href={href("agents", undefined, { q: node.name })}>In the list</a>}
    >
      {agents.length === 0 ? <Empty title="It runs no agent" /> : (
        <ul class="node-agents">
          {agents.map((agent) => {
            const state = agentState(agent, node, store.judged.value);
            return (
              <li key={agent.actor_id}>
                <a href={href("agents", agent.actor_id)}>{agent.name}</a>
                <StateMark state={state} />
                <span class="note num">
                  {state === "lost" ? "–" : `${percent(agent.cpu)} · ${megabytes(agent.memory_mb)}`}
                </span>
                {app.mayControl && (
                  <Menu label={`Actions for ${agent.name}`} items={agentActions(app, agent, state)} />
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

function NodeEvents({ name }: { readonly name: string }): JSX.Element {
  const { store } = useApp();
  const ask = async (before?: number) => {
    const query = new URLSearchParams({
      node: name,
      ...(before === undefined ? {} : { before: String(before) }),
    });
    const { events } = await get<{ readonly events: readonly TimelineEvent[] }>(`/api/events?${query}`);
    store.addEvents(events);
    return events.length > 0;
  };
  useEffect(() => {
    // If fetching fails, only live entries are shown.
    ask().catch(() => {});
  }, [name]);
  return (
    <Panel flush>
      <EventList entries={store.events.value.filter(({ node }) => node === name)} older={ask} />
    </Panel>
  );
}
