/** What happened: spawned, restarted, migrated, killed, rolled back. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { EventKind, TimelineEvent } from "../../wire.ts";
import { zoneWords } from "../logic/format.ts";
import { PageHead, Panel, SearchField, Segments } from "../parts/basics.tsx";
import { EventList } from "../parts/entries.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

const PARTS = ["all", "trouble", "moves", "nodes"] as const;
type Part = typeof PARTS[number];
const KINDS: Readonly<Record<Exclude<Part, "all">, readonly EventKind[]>> = {
  trouble: [
    "restarting",
    "failed",
    "killed",
    "unresponsive",
    "rolled_back",
    "migration_failed",
    "refused",
    "offline",
  ],
  moves: ["spawned", "installing", "running", "stopped", "paused", "migrated", "migration_failed"],
  nodes: ["online", "offline", "refused"],
};

export function Timeline(): JSX.Element {
  const { store, router } = useApp();
  const part = PARTS.find((known) => known === router.query("show")) ?? "all";
  const text = router.query("q");
  const ask = async (before?: number) => {
    const query = before === undefined ? "" : `?before=${before}`;
    const { events } = await get<{ readonly events: readonly TimelineEvent[] }>(`/api/events${query}`);
    store.addEvents(events);
    return events.length > 0;
  };
  useEffect(() => {
    // If fetching fails, only live entries are shown.
    ask().catch(() => {});
  }, []);
  const kinds = part === "all" ? null : KINDS[part];
  const words = text.trim().toLowerCase();
  const entries = store.events.value.filter((entry) =>
    (kinds === null || kinds.includes(entry.kind)) &&
    (words === "" ||
      `${entry.agent ?? ""} ${entry.node ?? ""} ${entry.message}`.toLowerCase().includes(words))
  );
  return (
    <div class="view">
      <PageHead title="Timeline" note={`the last hour, newest first · ${zoneWords()}`}>
        <SearchField
          label="Search the timeline"
          value={text}
          onInput={(q) => router.choose({ q }, "typing")}
        />
        <Segments
          label="Kind"
          value={part}
          options={[["all", "All"], ["trouble", "Trouble"], ["moves", "Lifecycle"], ["nodes", "Nodes"]]}
          onChange={(value) => router.choose({ show: value === "all" ? "" : value })}
        />
      </PageHead>
      <Panel flush>
        <EventList entries={entries} older={ask} />
      </Panel>
    </div>
  );
}
