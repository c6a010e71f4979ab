/** The list of all agents: grouped or flat, with search, sorting and actions. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import {
  type AgentRow,
  countStates,
  heldRows,
  type ListOptions,
  optionsIn,
  queryOf,
  type Row,
  rowsOf,
} from "../logic/agent_rows.ts";
import { labelFilter } from "../logic/bulk.ts";
import { plural } from "../logic/format.ts";
import { AGENT_STATES } from "../logic/states.ts";
import { Head, RowView } from "../parts/agent_table.tsx";
import { BulkBar, SelectAll } from "../parts/bulk_bar.tsx";
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
  const { store, router } = app;
  store.watchFleet();
  const isPhone = useMedia("(max-width: 760px)");
  const folded = useSignal<ReadonlySet<string>>(new Set());
  const options = optionsIn(router.route.value.query, folded.value);
  const set = ({ folded: toFold, ...change }: Partial<ListOptions>) => {
    if (toFold !== undefined) folded.value = toFold;
    else {router.choose(
        queryOf({ ...options, ...change }),
        "text" in change || "labels" in change ? "typing" : "choice",
      );}
  };
  const { rows, onActivity } = useRows(options);
  /** The key of the focused row. Not its index, because rows move. */
  const focused = useSignal("");
  const active = Math.max(0, rows.findIndex(({ key }) => key === focused.value));
  const list = useRef<HTMLDivElement>(null);
  const shownIds = rows.flatMap((row) => row.kind === "agent" ? [row.agent.actor_id] : []);
  const shown = shownIds.length;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement || event.metaKey || event.ctrlKey || event.altKey) return;
    onActivity();
    const row = rows[active];
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      focused.value = rows[Math.max(0, Math.min(rows.length - 1, to))]?.key ?? "";
      requestAnimationFrame(() => list.current?.querySelector<HTMLElement>("[data-active=true]")?.focus());
    } else if (row?.kind === "group" && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      set({ folded: toggled(options.folded, row.name) });
    } else if (row?.kind === "agent") onAgentKey(event, row);
  };
  const onAgentKey = (event: KeyboardEvent, { agent, state }: AgentRow) => {
    if (event.target instanceof HTMLButtonElement) return;
    if (event.key === "Enter") app.router.go(href("agents", agent.actor_id));
    if (!app.mayControl) return;
    if (event.key === "p") void app.command(agent, state === "paused" ? "resume" : "pause");
    if (event.key === "r") void app.command(agent, "restart");
    if (event.key === "x") app.selection.toggle(agent.actor_id);
    if (event.key === "m") app.asked.value = { kind: "migrate", agent };
  };

  return (
    <div class="view view-fill">
      <PageHead
        title="Agents"
        note={`${plural(shown, "agent")}${shown < store.agents.size ? ` of ${store.agents.size}` : ""}`}
      >
        <SearchField label="Search agents" value={options.text} onInput={(text) => set({ text })} />
        <Segments
          label="Arrangement"
          value={options.grouped ? "node" : "flat"}
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
      <div class="chips">
        {app.mayControl && <SelectAll shown={shownIds} />}
        <StateFilter options={options} set={set} />
        <LabelField text={options.labels} onInput={(labels) => set({ labels })} />
      </div>
      {app.mayControl && <BulkBar />}
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
            class={`table agents${app.mayControl ? "" : " agents-shown"}`}
            role="table"
            aria-label="Agents"
            aria-rowcount={rows.length + 1}
            ref={list}
            onKeyDown={onKeyDown}
            onPointerMove={onActivity}
            onPointerDown={onActivity}
            onDragOver={onActivity}
          >
            <VirtualList
              items={rows}
              heightOf={isPhone ? heightOnPhone : heightOnDesk}
              header={<Head options={options} set={set} />}
              focused={active}
              keyOf={({ key }) => key}
              render={(row, index, style) => (
                <RowView
                  row={row}
                  index={index}
                  style={style}
                  grouped={options.grouped}
                  active={index === active}
                  onFocus={() => focused.value = row.key}
                  onFold={(name) => set({ folded: toggled(options.folded, name) })}
                />
              )}
            />
          </div>
        )}
    </div>
  );
}

/** Chooses agents by the labels of their nodes, as `-l` does on the command line. */
function LabelField(
  { text, onInput }: { readonly text: string; readonly onInput: (text: string) => void },
): JSX.Element {
  const filter = labelFilter(text);
  const isWrong = filter.kind === "wrong";
  return (
    <input
      class="input input-labels"
      aria-label="Labels of nodes"
      aria-invalid={isWrong}
      title={isWrong ? filter.problem : "Labels of nodes, such as room=kitchen,!beta"}
      placeholder="room=kitchen"
      value={text}
      onInput={({ currentTarget }) => onInput(currentTarget.value)}
    />
  );
}

function heightOnPhone({ kind }: Row): number {
  return kind === "group" ? ROW_PX : PHONE_ROW_PX;
}

function heightOnDesk(): number {
  return ROW_PX;
}

/** How long rows keep their order after the last pointer or key event in the list, milliseconds. */
const HELD_MS = 2500;

/** The rows of the list. They keep their order while the user is about to act on one. */
function useRows(options: ListOptions): { readonly rows: readonly Row[]; readonly onActivity: () => void } {
  const app = useApp();
  const { store } = app;
  const now = store.judged.value;
  const activeMs = useRef(-Infinity);
  const last = useRef<{ readonly wanted: string; readonly rows: readonly Row[] } | null>(null);
  const wanted = JSON.stringify([queryOf(options), [...options.folded]]);
  const isHeld = app.rowsHeld || performance.now() - activeMs.current < HELD_MS;
  const rows = isHeld && last.current?.wanted === wanted
    ? heldRows(last.current.rows, store.agents, store.nodes, now)
    : rowsOf(store.agents.values(), store.nodes, options, now);
  last.current = { wanted, rows };
  return { rows, onActivity: () => void (activeMs.current = performance.now()) };
}

function toggled<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const copy = new Set(set);
  if (!copy.delete(item)) copy.add(item);
  return copy;
}

function StateFilter(
  { options, set }: {
    readonly options: ListOptions;
    readonly set: (change: Partial<ListOptions>) => void;
  },
): JSX.Element {
  const { store } = useApp();
  const counts = countStates(store.agents.values(), store.nodes, store.judged.value);
  const present = AGENT_STATES.filter((state) => counts.has(state) || options.states.has(state));
  return (
    <div class="chips-states" role="group" aria-label="States">
      {present.map((state) => (
        <button
          key={state}
          type="button"
          class="chip"
          aria-pressed={options.states.has(state)}
          onClick={() => set({ states: toggled(options.states, state) })}
        >
          <StateMark state={state} />
          <span class="chip-count">{counts.get(state) ?? 0}</span>
        </button>
      ))}
    </div>
  );
}
