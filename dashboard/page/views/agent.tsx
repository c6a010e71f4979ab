/** One agent: how it fares, what it says, what it is made of. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { AgentDto, ErrorEntry, History, Inspection, Reading, TimelineEvent } from "../../wire.ts";
import { count, duration, megabytes, percent } from "../logic/format.ts";
import { type AgentState, agentState } from "../logic/states.ts";
import { agentActions } from "../parts/agent_actions.ts";
import { Button, Empty, Facts, JsonText, Panel } from "../parts/basics.tsx";
import { Chart } from "../parts/chart.tsx";
import { ErrorList, EventList } from "../parts/entries.tsx";
import { Icon } from "../parts/icons.tsx";
import { LazyEditor } from "../parts/lazy_editor.tsx";
import { LogList } from "../parts/log_list.tsx";
import { Ago, StateMark } from "../parts/marks.tsx";
import { Tabs } from "../parts/tabs.tsx";
import { apiPath, get } from "../state/api.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

type TabId = "overview" | "logs" | "errors" | "code" | "config" | "state" | "timeline";

export function AgentPage({ id }: { readonly id: string }): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const agent = store.agents.get(id) ?? [...store.agents.values()].find(({ name }) => name === id);
  const tab = useSignal<TabId>("overview");
  if (agent === undefined) {
    return (
      <div class="view">
        <Empty title="This agent is not known">
          It has not been heard of in the last hour. <a href={href("agents")}>All agents</a>
        </Empty>
      </div>
    );
  }
  const state = agentState(agent, store.nodes.get(agent.node ?? ""), store.now.value);
  const errors = store.errors.value.filter(({ actor_id }) => actor_id === agent.actor_id);
  return (
    <div class="view">
      <AgentHead agent={agent} state={state} />
      <Tabs<TabId>
        label={`About ${agent.name}`}
        current={tab.value}
        onSelect={(next) => tab.value = next}
        tabs={[
          { id: "overview", label: "Overview" },
          { id: "logs", label: "Logs" },
          { id: "errors", label: "Errors", count: errors.length },
          { id: "code", label: "Code" },
          { id: "config", label: "Config" },
          { id: "state", label: "State file" },
          { id: "timeline", label: "Timeline" },
        ]}
      />
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`} class="tab-panel">
        <TabContent tab={tab.value} agent={agent} errors={errors} />
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
      return <Overview agent={agent} errors={errors} />;
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
    case "timeline":
      return <AgentEvents agent={agent} live={store.events.value} />;
    default:
      return tab satisfies never;
  }
}

function AgentHead({ agent, state }: { readonly agent: AgentDto; readonly state: AgentState }): JSX.Element {
  const app = useApp();
  return (
    <header class="agent-head">
      <a class="back" href={href("agents")} aria-label="All agents">
        <Icon name="back" />
      </a>
      <div class="agent-title">
        <h1 tabIndex={-1}>{agent.name}</h1>
        <StateMark state={state} />
        {agent.node !== null && <span class="note">on {agent.node}</span>}
        {agent.task !== null && agent.task !== agent.state && <span class="task">{agent.task}</span>}
      </div>
      {app.mayControl && (
        <div class="agent-tools">
          {agentActions(app, agent, state).map(({ icon, label, danger, disabled, run }) => (
            <Button
              key={label}
              icon={icon}
              label={label}
              tone={danger === true ? "danger" : "plain"}
              disabled={disabled === true}
              onClick={run}
            />
          ))}
        </div>
      )}
    </header>
  );
}

function Overview(
  { agent, errors }: { readonly agent: AgentDto; readonly errors: readonly ErrorEntry[] },
): JSX.Element {
  const history = useFetched<History>(apiPath("agents", agent.actor_id, "history"), agent.last_seen);
  const readings = useReadings(agent);
  return (
    <div class="columns">
      <div class="column-wide">
        <Panel title="Use of resources, last hour">
          <div class="charts">
            <Chart
              title="CPU"
              time={history?.time ?? []}
              values={history?.cpu ?? []}
              tone="cpu"
              format={percent}
            />
            <Chart
              title="Memory"
              time={history?.time ?? []}
              values={history?.memory_mb ?? []}
              tone="memory"
              format={megabytes}
            />
          </div>
        </Panel>
        <Panel
          title="Readings"
          aside={<span class="note">numbers that it publishes, one every 3 s at most</span>}
        >
          {readings.length === 0
            ? <Empty title="No numbers yet">What it publishes is plotted here when it holds numbers.</Empty>
            : (
              <div class="charts">
                {readings.map(({ topic, field, time, value }) => (
                  <Chart
                    key={`${topic} ${field}`}
                    title={field === "" ? topic : `${topic} · ${field}`}
                    time={time}
                    values={value}
                    tone="reading"
                    min={null}
                    format={(number) => String(Number(number.toPrecision(5)))}
                  />
                ))}
              </div>
            )}
        </Panel>
        {errors.length > 0 && (
          <Panel title="Latest errors" flush>
            <ErrorList entries={errors} limit={3} />
          </Panel>
        )}
      </div>
      <div class="column-narrow">
        <Panel title="Facts">
          <Facts
            facts={[
              ["Node", agent.node === null ? "–" : <a key="node" href={href("nodes")}>{agent.node}</a>],
              ["Uptime", agent.uptime === null ? "–" : duration(agent.uptime)],
              ["Last heard", <Ago key="ago" time={agent.last_seen} />],
              ["Restarts", String(agent.restarts)],
              ["Calls that succeeded", count(agent.messages_processed)],
              ["Calls that failed", count(agent.errors)],
              ["Actor id", <code key="id" class="id">{agent.actor_id}</code>],
            ]}
          />
        </Panel>
        <Panel title="Manifest">
          {agent.description !== "" && <p class="description">{agent.description}</p>}
          <TagList label="Capabilities" tags={agent.capabilities} />
          <TagList label="Publishes to" tags={agent.topics} />
          {agent.description === "" && agent.capabilities.length === 0 && agent.topics.length === 0 && (
            <p class="note">It has told nothing of itself.</p>
          )}
        </Panel>
      </div>
    </div>
  );
}

function TagList(
  { label, tags }: { readonly label: string; readonly tags: readonly string[] },
): JSX.Element | null {
  if (tags.length === 0) return null;
  return (
    <div class="tag-list">
      <h3>{label}</h3>
      <ul class="tags">{tags.map((tag) => <li key={tag}>{tag}</li>)}</ul>
    </div>
  );
}

const READINGS_MS = 3000;

function useReadings(agent: AgentDto): readonly Reading[] {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((value) => value + 1), READINGS_MS);
    return () => clearInterval(timer);
  }, []);
  const path = apiPath("agents", agent.actor_id, "readings");
  return useFetched<{ readonly readings: readonly Reading[] }>(path, tick)?.readings ?? [];
}

/** What the server has at `path`; asked for again when `version` changes. */
export function useFetched<T>(path: string, version: unknown): T | null {
  const [value, setValue] = useState<{ readonly path: string; readonly value: T } | null>(null);
  useEffect(() => {
    let isOld = false;
    get<T>(path).then((fetched) => {
      if (!isOld) setValue({ path, value: fetched });
    }, () => {
      // What was fetched before stays.
    });
    return () => {
      isOld = true;
    };
  }, [path, version]);
  return value?.path === path ? value.value : null;
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
  useEffect(() => {
    get<{ readonly events: readonly TimelineEvent[] }>(apiPath("agents", agent.actor_id, "events"))
      .then(({ events }) => store.addEvents(events), () => {});
  }, [agent.actor_id]);
  const events = live.filter(({ actor_id, agent: name }) =>
    actor_id === agent.actor_id || name === agent.name
  );
  return (
    <Panel flush>
      <EventList entries={events} />
    </Panel>
  );
}

function Inspected(
  { agent, part }: { readonly agent: AgentDto; readonly part: "code" | "config" | "state" },
): JSX.Element {
  const { store } = useApp();
  const [version, setVersion] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const [inspection, setInspection] = useState<Inspection | null>(null);
  useEffect(() => {
    get<Inspection>(apiPath("agents", agent.actor_id, "inspect")).then((found) => {
      setInspection(found);
      setProblem(null);
    }, (error) => setProblem((error as Error).message));
  }, [agent.actor_id, version]);
  const aside = (
    <>
      {inspection?.source === "spawn" && <span class="note">as seen on the bus</span>}
      <Button icon="restart" label="Ask again" onClick={() => setVersion(version + 1)} />
    </>
  );
  const title = { code: "Code, as spawned", config: "Config, as spawned", state: "State file" }[part];
  return (
    <Panel title={title} aside={aside}>
      {problem !== null && <p class="problem">{problem}</p>}
      {inspection?.note !== null && inspection?.note !== undefined && <p class="note">{inspection.note}</p>}
      {inspection === null ? <p class="note">Asking its node…</p> : (
        <InspectedPart
          part={part}
          inspection={inspection}
          mayShowCode={store.session.value?.show_code === true}
        />
      )}
    </Panel>
  );
}

function InspectedPart(
  { part, inspection, mayShowCode }: {
    readonly part: "code" | "config" | "state";
    readonly inspection: Inspection;
    readonly mayShowCode: boolean;
  },
): JSX.Element {
  if (part === "code") {
    if (!mayShowCode) {
      return (
        <Empty title="Code is not shown here">Whoever runs this dashboard shows it with --show-code.</Empty>
      );
    }
    return inspection.code === null
      ? <Empty title="Its code is not known">Its node does not tell, and no spawn command was seen.</Empty>
      : <LazyEditor code={inspection.code} label="Code" />;
  }
  const value = part === "config" ? inspection.config : inspection.persisted;
  if (value !== null) {
    const isEmpty = part === "state" && Object.keys(value).length === 0;
    return isEmpty ? <Empty title="Nothing is persisted" /> : <JsonText value={value} />;
  }
  const isLarge = part === "state" && inspection.persisted_bytes !== null;
  return isLarge
    ? <Empty title={`Too large to show: ${count(inspection.persisted_bytes)} bytes`} />
    : <Empty title="Not known">Its node does not tell.</Empty>;
}
