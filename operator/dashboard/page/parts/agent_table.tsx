/** The rows of the agent list: agents, their nodes, and the column heads. */
import type { CSSProperties, JSX } from "preact";
import { useState } from "preact/hooks";
import type { AgentDto } from "../../wire.ts";
import type { AgentRow, GroupRow, ListOptions, Row, SortKey } from "../logic/agent_rows.ts";
import { count, duration, megabytes, percent, plural } from "../logic/format.ts";
import { type AgentState, nodeState } from "../logic/states.ts";
import { visible } from "../logic/visible.ts";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";
import { agentActions } from "./agent_actions.ts";
import { Icon } from "./icons.tsx";
import { SparkChart, StateMark } from "./marks.tsx";
import { Menu } from "./menu.tsx";
import { SortHead } from "./sort_head.tsx";

const COLUMNS: readonly {
  readonly key: SortKey | "check" | "topics" | "actions";
  readonly label: string;
  readonly class: string;
}[] = [
  { key: "check", label: "", class: "c-check" },
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
/** High numbers first: people look for those. */
const DESCENDING_FIRST: ReadonlySet<string> = new Set(["restarts", "cpu", "memory"]);
const DRAG_TYPE = "application/x-agentflow-agent";

export function Head(
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
          if (key === "check" || key === "topics" || key === "actions") {
            return (
              <span key={key} role="columnheader" class={name}>
                {label === ""
                  ? <span class="unseen">{key === "check" ? "Selected" : "Actions"}</span>
                  : label}
              </span>
            );
          }
          return (
            <SortHead
              key={key}
              label={label}
              class={name}
              isSorted={options.sort === key}
              descending={options.descending}
              onSort={() => sortBy(key)}
            />
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

/** A row. When agents are grouped by node, dropping an agent here asks whether to move it to this row's node. */
export function RowView(props: RowProps<Row>): JSX.Element {
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
      // A slip of the hand must not move an agent: the dialog asks.
      if (agent !== undefined && node !== null && agent.node !== node) {
        app.asked.value = { kind: "migrate", agent, target: node };
      }
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
  const state = node === undefined ? undefined : nodeState(node, store.judged.value);
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
      <a class="group-name" href={href("nodes", name)} tabIndex={-1}>{name}</a>
      {state !== undefined && <StateMark state={state} />}
      <span class="note">{plural(members, "agent")}</span>
      {node !== undefined && state !== "offline" && (
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
  // Its last usage figures are no longer current.
  const isLost = state === "lost";
  const task = agent.task !== null && agent.task !== agent.state ? agent.task : agent.description;
  return (
    <>
      <span role="cell" class="c-check" onClick={(event) => event.stopPropagation()}>
        {app.mayControl && (
          <label>
            <input
              type="checkbox"
              tabIndex={-1}
              aria-label={`Select ${agent.name}`}
              checked={app.selection.has(agent.actor_id)}
              onChange={() => app.selection.toggle(agent.actor_id)}
            />
          </label>
        )}
      </span>
      <span role="cell" class="c-name">
        <a href={href("agents", agent.actor_id)} tabIndex={-1} onClick={(event) => event.stopPropagation()}>
          {agent.name}
        </a>
        {task !== "" && <span class="c-task" title={visible(task)}>{visible(task)}</span>}
      </span>
      <span role="cell" class="c-state">
        <StateMark state={state} />
      </span>
      <span role="cell" class="c-node">
        {agent.node ?? "–"}
        {agent.also_on.length > 0 && (
          <strong title="Two nodes run an agent of this name">, {agent.also_on.join(", ")}</strong>
        )}
      </span>
      <span role="cell" class={`c-restarts num${agent.restarts > 0 ? " warn" : ""}`}>{agent.restarts}</span>
      <span role="cell" class="c-cpu num">
        <SparkChart values={spark?.cpu ?? []} tone="cpu" floor={5} />
        <b>{percent(isLost ? null : agent.cpu)}</b>
      </span>
      <span role="cell" class="c-memory num">
        <SparkChart values={spark?.memory ?? []} tone="memory" floor={64} />
        <b>{megabytes(isLost ? null : agent.memory_mb)}</b>
      </span>
      <span role="cell" class="c-uptime num">{uptimeOf(agent, state)}</span>
      <span role="cell" class="c-topics" title={visible(agent.topics.join("\n"))}>
        {visible(topicsText(agent))}
      </span>
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
