/** The list of all agents: by node or flat, searched, sorted, steered. */
import type { CSSProperties, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import type { AgentDto } from "../../wire.ts";
import {
  type AgentRow,
  countStates,
  type GroupRow,
  type ListOptions,
  type Row,
  rowsOf,
  type SortKey,
} from "../logic/agent_rows.ts";
import { count, duration, megabytes, percent, plural } from "../logic/format.ts";
import { AGENT_STATES, type AgentState, nodeState } from "../logic/states.ts";
import { agentActions } from "../parts/agent_actions.ts";
import { Button, Empty, PageHead, SearchField, Segments } from "../parts/basics.tsx";
import { Icon } from "../parts/icons.tsx";
import { SparkChart, StateMark } from "../parts/marks.tsx";
import { Menu } from "../parts/menu.tsx";
import { VirtualList } from "../parts/virtual.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

const COLUMNS: readonly {
  readonly key: SortKey | "topics" | "actions";
  readonly label: string;
  readonly class: string;
}[] = [
  { key: "name", label: "Agent", class: "c-name" },
  { key: "state", label: "State", class: "c-state" },
  { key: "node", label: "Node", class: "c-node" },
  { key: "restarts", label: "Restarts", class: "c-restarts" },
  { key: "cpu", label: "CPU", class: "c-cpu" },
  { key: "memory", label: "Memory", class: "c-memory" },
  { key: "uptime", label: "Uptime", class: "c-uptime" },
  { key: "topics", label: "Topics", class: "c-topics" },
  { key: "actions", label: "", class: "c-actions" },
];
/** High numbers first: that is what one looks for. */
const DESCENDING_FIRST: ReadonlySet<string> = new Set(["restarts", "cpu", "memory"]);
const ROW_PX = 40;
const PHONE_ROW_PX = 74;
const DRAG_TYPE = "application/x-agentflow-agent";

export function Agents(): JSX.Element {
  const app = useApp();
  const { store } = app;
  store.watchFleet();
  const now = store.now.value;
  const isPhone = useMedia("(max-width: 760px)");
  const options = useSignal<ListOptions>({
    text: app.router.route.value.query.get("q") ?? "",
    states: statesOf(app.router.route.value.query.get("state")),
    grouped: true,
    sort: "name",
    descending: false,
    folded: new Set(),
  });
  const set = (change: Partial<ListOptions>) => options.value = { ...options.value, ...change };
  const rows = rowsOf(store.agents.values(), store.nodes, options.value, now);
  const active = useSignal(0);
  const list = useRef<HTMLDivElement>(null);
  const shown = rows.filter((row) => row.kind === "agent").length;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.metaKey || event.ctrlKey || event.altKey) return;
    const row = rows[active.value];
    const to =
      { ArrowDown: active.value + 1, ArrowUp: active.value - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      active.value = Math.max(0, Math.min(rows.length - 1, to));
      requestAnimationFrame(() => list.current?.querySelector<HTMLElement>("[data-active=true]")?.focus());
    } else if (row?.kind === "group" && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      set({ folded: toggled(options.value.folded, row.name) });
    } else if (row?.kind === "agent") onAgentKey(event, row);
  };
  const onAgentKey = (event: KeyboardEvent, { agent, state }: AgentRow) => {
    if (event.target instanceof HTMLButtonElement) return;
    if (event.key === "Enter") app.router.go(href("agents", agent.actor_id));
    if (!app.mayControl) return;
    if (event.key === "p") void app.command(agent, state === "paused" ? "resume" : "pause");
    if (event.key === "r") void app.command(agent, "restart");
    if (event.key === "m") app.asked.value = { kind: "migrate", agent };
  };

  return (
    <div class="view view-fill">
      <PageHead
        title="Agents"
        note={`${plural(shown, "agent")}${shown < store.agents.size ? ` of ${store.agents.size}` : ""}`}
      >
        <SearchField label="Search agents" value={options.value.text} onInput={(text) => set({ text })} />
        <Segments
          label="Arrangement"
          value={options.value.grouped ? "node" : "flat"}
          options={[["node", "By node"], ["flat", "Flat"]]}
          onChange={(value) => set({ grouped: value === "node" })}
        />
        {app.mayControl && (
          <span class="desk-only">
            <Button
              tone="primary"
              icon="spawn"
              label="Spawn agent"
              onClick={() => app.router.go(href("spawn"))}
            />
          </span>
        )}
      </PageHead>
      <StateFilter options={options} set={set} />
      {rows.length === 0
        ? (
          <Empty title={store.agents.size === 0 ? "No agent has been heard of yet" : "No agent fits"}>
            {store.agents.size === 0
              ? "Agents appear here as soon as a node reports them."
              : "Try another search, or other states."}
          </Empty>
        )
        : (
          <div
            class="table agents"
            role="table"
            aria-label="Agents"
            aria-rowcount={rows.length + 1}
            ref={list}
            onKeyDown={onKeyDown}
          >
            <VirtualList
              items={rows}
              heightOf={isPhone ? heightOnPhone : heightOnDesk}
              header={<Head options={options.value} set={set} />}
              focused={active.value}
              keyOf={({ key }) => key}
              render={(row, index, style) => (
                <RowView
                  row={row}
                  index={index}
                  style={style}
                  grouped={options.value.grouped}
                  active={index === active.value}
                  onFocus={() => active.value = index}
                  onFold={(name) => set({ folded: toggled(options.value.folded, name) })}
                />
              )}
            />
          </div>
        )}
    </div>
  );
}

function heightOnPhone({ kind }: Row): number {
  return kind === "group" ? ROW_PX : PHONE_ROW_PX;
}

function heightOnDesk(): number {
  return ROW_PX;
}

function statesOf(text: string | null): ReadonlySet<AgentState> {
  return new Set(AGENT_STATES.filter((state) => text?.split(",").includes(state)));
}

function toggled<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const copy = new Set(set);
  if (!copy.delete(item)) copy.add(item);
  return copy;
}

function StateFilter(
  { options, set }: {
    readonly options: Signal<ListOptions>;
    readonly set: (change: Partial<ListOptions>) => void;
  },
): JSX.Element {
  const { store } = useApp();
  const counts = countStates(store.agents.values(), store.nodes, store.now.value);
  const present = AGENT_STATES.filter((state) => counts.has(state) || options.value.states.has(state));
  return (
    <div class="chips" role="group" aria-label="States">
      {present.map((state) => (
        <button
          key={state}
          type="button"
          class="chip"
          aria-pressed={options.value.states.has(state)}
          onClick={() => set({ states: toggled(options.value.states, state) })}
        >
          <StateMark state={state} />
          <span class="chip-count">{counts.get(state) ?? 0}</span>
        </button>
      ))}
    </div>
  );
}

function Head(
  { options, set }: { readonly options: ListOptions; readonly set: (change: Partial<ListOptions>) => void },
): JSX.Element {
  const sortBy = (sort: SortKey) => {
    const isSame = options.sort === sort;
    set({ sort, descending: isSame ? !options.descending : DESCENDING_FIRST.has(sort) });
  };
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" class="row row-head">
        {COLUMNS.map(({ key, label, class: name }) => {
          if (key === "topics" || key === "actions") {
            return (
              <span key={key} role="columnheader" class={name}>
                {label === "" ? <span class="unseen">Actions</span> : label}
              </span>
            );
          }
          const direction = options.sort !== key ? "none" : options.descending ? "descending" : "ascending";
          return (
            <span key={key} role="columnheader" class={name} aria-sort={direction}>
              <button type="button" class="sort" onClick={() => sortBy(key)}>
                {label}
                <span class="sort-mark" aria-hidden="true">
                  {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
                </span>
              </button>
            </span>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps<T extends Row> {
  readonly row: T;
  readonly index: number;
  readonly style: CSSProperties;
  readonly grouped: boolean;
  readonly active: boolean;
  readonly onFocus: () => void;
  readonly onFold: (node: string) => void;
}

/** A row; where agents stand under their nodes, one that is dragged here moves to this row's node. */
function RowView(props: RowProps<Row>): JSX.Element {
  const app = useApp();
  const [isTarget, setTarget] = useState(false);
  const { row } = props;
  const node = row.kind === "group" ? row.name : row.agent.node;
  const takesAgents = app.mayControl && props.grouped && node !== null && app.store.nodes.has(node);
  const drop = !takesAgents ? {} : {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes(DRAG_TYPE)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      setTarget(true);
    },
    onDragLeave: () => setTarget(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setTarget(false);
      const agent = app.store.agents.get(event.dataTransfer?.getData(DRAG_TYPE) ?? "");
      if (agent !== undefined && node !== null && agent.node !== node) void app.migrate(agent, node);
    },
  };
  const shared = {
    role: "row" as const,
    style: props.style,
    "aria-rowindex": props.index + 2,
    tabIndex: props.active ? 0 : -1,
    "data-active": props.active,
    onFocus: props.onFocus,
    ...drop,
  };
  return row.kind === "group"
    ? (
      <div {...shared} class={`row row-group${isTarget ? " row-target" : ""}`} data-node={row.name}>
        <GroupCells row={row} onFold={props.onFold} />
      </div>
    )
    : (
      <div
        {...shared}
        class={`row row-agent${isTarget ? " row-target" : ""}`}
        data-agent={row.agent.name}
        draggable={app.mayControl}
        onDragStart={(event) => event.dataTransfer?.setData(DRAG_TYPE, row.agent.actor_id)}
        onClick={() => app.router.go(href("agents", row.agent.actor_id))}
      >
        <AgentCells row={row} />
      </div>
    );
}

function GroupCells(
  { row, onFold }: { readonly row: GroupRow; readonly onFold: (node: string) => void },
): JSX.Element {
  const { store } = useApp();
  const { name, node, count: members, folded } = row;
  return (
    <div role="cell" class="group-cell" aria-colspan={COLUMNS.length}>
      <button
        type="button"
        class={`fold${folded ? " fold-closed" : ""}`}
        tabIndex={-1}
        aria-expanded={!folded}
        aria-label={`Agents of ${name}`}
        onClick={() => onFold(name)}
      >
        <Icon name="chevron" size={14} />
      </button>
      <a class="group-name" href={href("nodes")} tabIndex={-1}>{name}</a>
      {node !== undefined && <StateMark state={nodeState(node, store.now.value)} />}
      <span class="note">{plural(members, "agent")}</span>
      {node !== undefined && (
        <span class="group-usage note">
          {percent(node.cpu)} · {megabytes(node.memory_mb)}
        </span>
      )}
    </div>
  );
}

function AgentCells({ row: { agent, state } }: { readonly row: AgentRow }): JSX.Element {
  const app = useApp();
  const spark = app.store.sparks.get(agent.actor_id);
  const task = agent.task !== null && agent.task !== agent.state ? agent.task : agent.description;
  return (
    <>
      <span role="cell" class="c-name">
        <a href={href("agents", agent.actor_id)} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
          {agent.name}
        </a>
        {task !== "" && <span class="c-task" title={task}>{task}</span>}
      </span>
      <span role="cell" class="c-state">
        <StateMark state={state} />
      </span>
      <span role="cell" class="c-node">{agent.node ?? "–"}</span>
      <span role="cell" class={`c-restarts num${agent.restarts > 0 ? " warn" : ""}`}>{agent.restarts}</span>
      <span role="cell" class="c-cpu num">
        <SparkChart values={spark?.cpu ?? []} tone="cpu" floor={5} />
        <b>{percent(agent.cpu)}</b>
      </span>
      <span role="cell" class="c-memory num">
        <SparkChart values={spark?.memory ?? []} tone="memory" floor={64} />
        <b>{megabytes(agent.memory_mb)}</b>
      </span>
      <span role="cell" class="c-uptime num">{uptimeOf(agent, state)}</span>
      <span role="cell" class="c-topics" title={agent.topics.join("\n")}>{topicsText(agent)}</span>
      <span role="cell" class="c-actions">
        {app.mayControl && (
          <Menu label={`Actions for ${agent.name}`} items={agentActions(app, agent, state)} />
        )}
      </span>
    </>
  );
}

function uptimeOf(agent: AgentDto, state: AgentState): string {
  const isUp = state === "running" || state === "paused" || state === "unresponsive";
  return agent.uptime === null || !isUp ? "–" : duration(agent.uptime);
}

function topicsText({ topics }: AgentDto): string {
  const [first, ...others] = topics;
  if (first === undefined) return "–";
  return others.length === 0 ? first : `${first} +${count(others.length)}`;
}

/** Whether a media query fits, now and later. */
export function useMedia(query: string): boolean {
  const media = useMemo(() => matchMedia(query), [query]);
  const [fits, setFits] = useState(media.matches);
  useEffect(() => {
    const onChange = () => setFits(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [media]);
  return fits;
}
