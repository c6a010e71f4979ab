/** Events, alerts and errors as rows of the database. Pure. */
import type { Selectable } from "kysely";
import { isJsonObject } from "../../../../protocol/json.ts";
import type { AlertEntry, ErrorEntry, EventKind, TimelineEvent } from "../../wire.ts";
import type { Change } from "../model/change.ts";
import { numberOf, textOf } from "../model/fields.ts";
import { levelOf } from "../model/logbook.ts";
import type { EntryType, MemoryTables } from "./tables.ts";

export type EntryRow = Selectable<MemoryTables["entries"]>;
export type EntryChange = Extract<Change, { readonly kind: EntryType }>;

/** The entries of each kind. */
export interface EntriesOf {
  readonly event: TimelineEvent;
  readonly alert: AlertEntry;
  readonly error: ErrorEntry;
}

export function rowOf(change: EntryChange): EntryRow {
  const { seq, time, node, agent, actor_id } = change.entry;
  const head = { what: change.kind, seq, time, node, agent, actor_id };
  switch (change.kind) {
    case "event":
      return { ...head, kind: change.entry.kind, message: change.entry.message, detail: null };
    case "alert":
      return { ...head, kind: change.entry.severity, message: change.entry.message, detail: null };
    case "error": {
      const { severity, error, phase, traceback, consecutive, restart_count } = change.entry;
      const detail = JSON.stringify({ phase, traceback, consecutive, restart_count });
      return { ...head, kind: severity, message: error, detail };
    }
    default:
      return change satisfies never;
  }
}

const READERS: { readonly [What in EntryType]: (row: EntryRow) => EntriesOf[What] } = {
  event: (row) => ({ ...headOf(row), kind: row.kind as EventKind, message: row.message }),
  alert: (row) => ({ ...headOf(row), severity: levelOf(row.kind, "warning"), message: row.message }),
  error: (row) => {
    const parsed: unknown = JSON.parse(row.detail ?? "{}");
    const detail = isJsonObject(parsed) ? parsed : {};
    return {
      ...headOf(row),
      severity: row.kind,
      error: row.message,
      phase: textOf(detail.phase) ?? "unknown",
      traceback: textOf(detail.traceback) ?? null,
      consecutive: numberOf(detail.consecutive) ?? null,
      restart_count: numberOf(detail.restart_count) ?? null,
    };
  },
};

export function entryOf<What extends EntryType>(what: What, row: EntryRow): EntriesOf[What] {
  return READERS[what](row);
}

function headOf({ seq, time, node, agent, actor_id }: EntryRow) {
  return { seq, time, node, agent, actor_id };
}
