/** What happened: spawned, restarted, migrated, killed, rolled back. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { EventKind, TimelineEvent } from "../../wire.ts";
import { PageHead, Panel, SearchField, Segments } from "../parts/basics.tsx";
import { EventList } from "../parts/entries.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

type Part = "all" | "trouble" | "moves" | "nodes";
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
  const { store } = useApp();
  const part = useSignal<Part>("all");
  const text = useSignal("");
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
  const kinds = part.value === "all" ? null : KINDS[part.value];
  const words = text.value.trim().toLowerCase();
  const entries = store.events.value.filter((entry) =>
    (kinds === null || kinds.includes(entry.kind)) &&
    (words === "" ||
      `${entry.agent ?? ""} ${entry.node ?? ""} ${entry.message}`.toLowerCase().includes(words))
  );
  return (
    <div class="view">
      <PageHead title="Timeline" note="the last hour, newest first">
        <SearchField label="Search the timeline" value={text.value} onInput={(value) => text.value = value} />
        <Segments
          label="Kind"
          value={part.value}
          options={[["all", "All"], ["trouble", "Trouble"], ["moves", "Lifecycle"], ["nodes", "Nodes"]]}
          onChange={(value) => part.value = value}
        />
      </PageHead>
      <Panel flush>
        <EventList entries={entries} older={ask} />
      </Panel>
    </div>
  );
}
