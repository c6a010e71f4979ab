/** Live logs and errors, filtered. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type ErrorEntry, LEVELS, type LogFilter } from "../../wire.ts";
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
  const { store, router } = useApp();
  store.watchFleet();
  const kind = router.query("show") === "errors" ? "errors" : "logs";
  const [agent, node, text] = [router.query("agent"), router.query("node"), router.query("q")];
  const level = LEVELS.find((known) => known === router.query("level"));
  const filter: LogFilter = {
    ...(agent === "" ? {} : { agent }),
    ...(node === "" ? {} : { node }),
    ...(level === undefined ? {} : { level }),
    ...(text === "" ? {} : { text }),
  };
  const agents = [...store.agents.values()].slice(0, MAX_NAMES).sort((a, b) => a.name < b.name ? -1 : 1);
  const nodes = [...store.nodes.keys()].sort();
  return (
    <div class={kind === "logs" ? "view view-fill" : "view"}>
      <PageHead title="Logs">
        <Segments
          label="What to show"
          value={kind}
          options={[["logs", "Logs"], ["errors", "Errors"]]}
          onChange={(value) => router.choose({ show: value === "logs" ? "" : value })}
        />
        <SearchField
          label="Search the text"
          value={text}
          onInput={(q) => router.choose({ q }, "typing")}
        />
        <Select
          label="Agent"
          value={agent}
          options={[["", "All agents"], ...agents.map(({ actor_id, name }) => [actor_id, name] as const)]}
          onChange={(value) => router.choose({ agent: value })}
        />
        <Select
          label="Node"
          value={node}
          options={[["", "All nodes"], ...nodes.map((name) => [name, name] as const)]}
          onChange={(value) => router.choose({ node: value })}
        />
        <Select
          label="Level"
          value={level ?? ""}
          options={LEVEL_CHOICES}
          onChange={(value) => router.choose({ level: value })}
        />
      </PageHead>
      {kind === "logs"
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
