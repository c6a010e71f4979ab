/** Selects the agents that are shown, and acts on the selected ones. */
import type { JSX } from "preact";
import { BULK_ROWS, type BulkAction } from "../logic/bulk.ts";
import { plural } from "../logic/format.ts";
import { useApp } from "../state/app.ts";
import { Button } from "./basics.tsx";

/** @param shown the `actor_id`s of the agents in the list */
export function SelectAll({ shown }: { readonly shown: readonly string[] }): JSX.Element {
  const { selection } = useApp();
  const isAll = shown.length > 0 && shown.every((id) => selection.has(id));
  return (
    <label class="chip bulk-all">
      <input type="checkbox" checked={isAll} onChange={() => selection.set(shown, !isAll)} />
      All {shown.length}
    </label>
  );
}

/** Takes no room while nothing is selected. */
export function BulkBar(): JSX.Element | null {
  const app = useApp();
  const { selection, store } = app;
  const selected = [...selection.ids.value].flatMap((id) => store.agents.get(id) ?? []);
  if (selected.length === 0) return null;
  const ask = (action: BulkAction) => app.asked.value = { kind: "bulk", action, agents: selected };
  return (
    <div class="bulk-bar" role="group" aria-label="Selected agents">
      <span>{plural(selected.length, "agent")} selected</span>
      {BULK_ROWS.map(([action, { label, danger }]) => (
        <Button
          key={action}
          tone={danger === true ? "danger" : "plain"}
          label={`${label}…`}
          onClick={() => ask(action)}
        />
      ))}
      <Button tone="ghost" label="Clear" onClick={() => selection.clear()} />
    </div>
  );
}
