/** The list of all agents: grouped or flat, with search, sorting and actions. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Signal, useSignal } from "@preact/signals";
import { type AgentRow, countStates, type ListOptions, type Row, rowsOf } from "../logic/agent_rows.ts";
import { plural } from "../logic/format.ts";
import { AGENT_STATES, type AgentState } from "../logic/states.ts";
import { Head, RowView } from "../parts/agent_table.tsx";
import { Button, Empty, PageHead, SearchField, Segments } from "../parts/basics.tsx";
import { StateMark } from "../parts/marks.tsx";
import { useMedia } from "../parts/media.ts";
import { VirtualList } from "../parts/virtual.tsx";
import { useApp } from "../state/app.ts";
import { href } from "../state/router.ts";

const ROW_PX = 40;
const PHONE_ROW_PX = 74;

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
          <Empty title={store.agents.size === 0 ? "No agent has reported yet" : "No agent fits"}>
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
