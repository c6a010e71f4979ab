/** Live logs and errors, filtered. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { ErrorEntry, Level, LogFilter } from "../../wire.ts";
import { PageHead, Panel, SearchField, Segments, Select } from "../parts/basics.tsx";
import { ErrorList } from "../parts/entries.tsx";
import { LogList } from "../parts/log_list.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

const LEVEL_CHOICES: readonly (readonly [string, string])[] = [
  ["", "All levels"],
  ["info", "Info and above"],
  ["warning", "Warnings and errors"],
  ["error", "Errors only"],
];
/** Maximum names to list: beyond that, searching is easier. */
const MAX_NAMES = 500;

export function Logs(): JSX.Element {
  const { store } = useApp();
  store.watchFleet();
  const kind = useSignal<"logs" | "errors">("logs");
  const agent = useSignal("");
  const node = useSignal("");
  const level = useSignal("");
  const text = useSignal("");
  const filter: LogFilter = {
    ...(agent.value === "" ? {} : { agent: agent.value }),
    ...(node.value === "" ? {} : { node: node.value }),
    ...(level.value === "" ? {} : { level: level.value as Level }),
    ...(text.value === "" ? {} : { text: text.value }),
  };
  const agents = [...store.agents.values()].slice(0, MAX_NAMES).sort((a, b) => a.name < b.name ? -1 : 1);
  const nodes = [...store.nodes.keys()].sort();
  return (
    <div class="view view-fill">
      <PageHead title="Logs">
        <Segments
          label="What to show"
          value={kind.value}
          options={[["logs", "Logs"], ["errors", "Errors"]]}
          onChange={(value) => kind.value = value}
        />
        <SearchField label="Search the text" value={text.value} onInput={(value) => text.value = value} />
        <Select
          label="Agent"
          value={agent.value}
          options={[["", "All agents"], ...agents.map(({ actor_id, name }) => [actor_id, name] as const)]}
          onChange={(value) => agent.value = value}
        />
        <Select
          label="Node"
          value={node.value}
          options={[["", "All nodes"], ...nodes.map((name) => [name, name] as const)]}
          onChange={(value) => node.value = value}
        />
        <Select
          label="Level"
          value={level.value}
          options={LEVEL_CHOICES}
          onChange={(value) => level.value = value}
        />
      </PageHead>
      {kind.value === "logs"
        ? (
          <div class="fill panel">
            <LogList filter={filter} showAgent />
          </div>
        )
        : <Errors filter={filter} />}
    </div>
  );
}

const GRAVE: ReadonlySet<string> = new Set(["critical", "fatal", "error"]);

function Errors({ filter }: { readonly filter: LogFilter }): JSX.Element {
  const { store } = useApp();
  const ask = async (before?: number) => {
    const query = before === undefined ? "" : `?before=${before}`;
    const { errors } = await get<{ readonly errors: readonly ErrorEntry[] }>(`/api/errors${query}`);
    store.addErrors(errors);
    return errors.length > 0;
  };
  useEffect(() => {
    // If fetching fails, only live entries are shown.
    ask().catch(() => {});
  }, []);
  const part = filter.text?.toLowerCase();
  const entries = store.errors.value.filter((entry) =>
    (filter.agent === undefined || entry.actor_id === filter.agent) &&
    (filter.node === undefined || entry.node === filter.node) &&
    (filter.level !== "error" || GRAVE.has(entry.severity)) &&
    (part === undefined ||
      `${entry.error} ${entry.phase} ${entry.traceback ?? ""}`.toLowerCase().includes(part))
  );
  return (
    <Panel flush>
      <ErrorList entries={entries} older={ask} />
    </Panel>
  );
}
