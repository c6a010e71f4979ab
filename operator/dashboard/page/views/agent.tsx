/** One agent: its health, its reports, its code and config. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { AgentDto, ErrorEntry, TimelineEvent } from "../../wire.ts";
import { type AgentState, agentState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { agentActions } from "../parts/agent_actions.ts";
import { Button, Empty, PageHead, Panel } from "../parts/basics.tsx";
import { ErrorList, EventList } from "../parts/entries.tsx";
import { Icon } from "../parts/icons.tsx";
import { LogList } from "../parts/log_list.tsx";
import { StateMark } from "../parts/marks.tsx";
import { useMedia } from "../parts/media.ts";
import { Menu } from "../parts/menu.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { apiPath, get } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { AgentEdit } from "./agent_edit.tsx";
import { Inspected } from "./agent_inspection.tsx";
import { AgentOverview } from "./agent_overview.tsx";
import { AgentVersions } from "./agent_versions.tsx";

const TABS = [
  "overview",
  "logs",
  "errors",
  "code",
  "config",
  "state",
  "versions",
  "edit",
  "timeline",
] as const;
type TabId = typeof TABS[number];

export function AgentPage({ id }: { readonly id: string }): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const agent = store.agents.get(id) ?? [...store.agents.values()].find(({ name }) => name === id);
  const tab = TABS.find((known) => known === app.router.query("tab")) ?? "overview";
  if (agent === undefined) {
    return (
      <div class="view">
        <PageHead title="This agent is not known" />
        <Empty title={id}>
          Nothing was heard from it in the last hour. <a href={href("agents")}>All agents</a>
        </Empty>
      </div>
    );
  }
  const state = agentState(agent, store.nodes.get(agent.node ?? ""), store.judged.value);
  const errors = store.errors.value.filter(({ actor_id }) => actor_id === agent.actor_id);
  return (
    <div class="view">
      <AgentHead agent={agent} state={state} />
      <Tabs<TabId>
        label={`About ${agent.name}`}
        current={tab}
        onSelect={(next) =>
          app.router.choose({ tab: next === "overview" ? "" : next, version: "", compare: "" })}
        tabs={[
          { id: "overview", label: "Overview" },
          { id: "logs", label: "Logs" },
          { id: "errors", label: "Errors", count: errors.length },
          { id: "code", label: "Code" },
          { id: "config", label: "Config" },
          { id: "state", label: "State file" },
          { id: "versions", label: "Versions" },
          ...(app.mayControl ? [{ id: "edit", label: "Edit" } as const] : []),
          { id: "timeline", label: "Timeline" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="tab-panel">
        <TabContent tab={tab} agent={agent} errors={errors} />
      </div>
    </div>
  );
}

function TabContent(
  { tab, agent, errors }: {
    readonly tab: TabId;
    readonly agent: AgentDto;
    readonly errors: readonly ErrorEntry[];
  },
): JSX.Element {
  const { store } = useApp();
  switch (tab) {
    case "overview":
      return <AgentOverview agent={agent} errors={errors} />;
    case "logs":
      return (
        <Panel flush>
          <LogList filter={{ agent: agent.actor_id }} showAgent={false} />
        </Panel>
      );
    case "errors":
      return <Errors agent={agent} errors={errors} />;
    case "code":
    case "config":
    case "state":
      return <Inspected key={agent.actor_id} agent={agent} part={tab} />;
    case "versions":
      return <AgentVersions agent={agent} />;
    case "edit":
      return <AgentEdit agent={agent} />;
    case "timeline":
      return <AgentEvents agent={agent} live={store.events.value} />;
    default:
      return tab satisfies never;
  }
}

/** The number of action buttons on a phone; the others are in a menu. */
const ON_PHONE = 2;

function AgentHead({ agent, state }: { readonly agent: AgentDto; readonly state: AgentState }): JSX.Element {
  const app = useApp();
  const isPhone = useMedia("(max-width: 760px)");
  const actions = agentActions(app, agent, state);
  return (
    <header class="agent-head">
      <a class="back" href={app.router.listOf("agents")} aria-label="All agents">
        <Icon name="back" />
      </a>
      <div class="agent-title">
        <h1 tabIndex={-1}>{agent.name}</h1>
        <StateMark state={state} />
        {agent.node !== null && (
          <span class="note">
            on <a href={href("nodes", agent.node)}>{agent.node}</a>
          </span>
        )}
        {agent.task !== null && agent.task !== agent.state && <span class="task">{visible(agent.task)}</span>}
      </div>
      {app.mayControl && (
        <div class="agent-tools">
          {actions.slice(0, isPhone ? ON_PHONE : actions.length).map((
            { icon, label, danger, disabled, run },
          ) => (
            <Button
              key={label}
              icon={icon}
              label={label}
              tone={danger === true ? "danger" : "plain"}
              disabled={disabled === true}
              onClick={run}
            />
          ))}
          {isPhone && <Menu label={`More actions for ${agent.name}`} items={actions.slice(ON_PHONE)} />}
        </div>
      )}
    </header>
  );
}

function Errors(
  { agent, errors }: { readonly agent: AgentDto; readonly errors: readonly ErrorEntry[] },
): JSX.Element {
  const { store } = useApp();
  const older = async (before: number) => {
    const path = `${apiPath("agents", agent.actor_id, "errors")}?before=${before}`;
    const { errors: found } = await get<{ readonly errors: readonly ErrorEntry[] }>(path);
    store.addErrors(found);
    return found.length > 0;
  };
  return (
    <Panel flush>
      <ErrorList entries={errors} older={older} />
    </Panel>
  );
}

function AgentEvents(
  { agent, live }: { readonly agent: AgentDto; readonly live: readonly TimelineEvent[] },
): JSX.Element {
  const { store } = useApp();
  const ask = async (before?: number) => {
    const query = before === undefined ? "" : `?before=${before}`;
    const path = `${apiPath("agents", agent.actor_id, "events")}${query}`;
    const { events } = await get<{ readonly events: readonly TimelineEvent[] }>(path);
    store.addEvents(events);
    return events.length > 0;
  };
  useEffect(() => {
    // If fetching fails, only live entries are shown.
    ask().catch(() => {});
  }, [agent.actor_id]);
  const events = live.filter(({ actor_id, agent: name }) =>
    actor_id === agent.actor_id || name === agent.name
  );
  return (
    <Panel flush>
      <EventList entries={events} older={ask} />
    </Panel>
  );
}
