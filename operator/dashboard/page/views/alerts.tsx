/** The alerts of the last hour. */
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import type { AlertEntry } from "../../wire.ts";
import { plural } from "../logic/format.ts";
import { PageHead, Panel, Segments } from "../parts/basics.tsx";
import { AlertList } from "../parts/entries.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

export function Alerts(): JSX.Element {
  const { store } = useApp();
  const severity = useSignal<"all" | "warning" | "error">("all");
  const older = async (before: number) => {
    const { alerts } = await get<{ readonly alerts: readonly AlertEntry[] }>(`/api/alerts?before=${before}`);
    store.addAlerts(alerts);
    return alerts.length > 0;
  };
  const entries = store.alerts.value.filter((entry) =>
    severity.value === "all" || entry.severity === severity.value
  );
  return (
    <div class="view">
      <PageHead title="Alerts" note={`${plural(entries.length, "alert")} in the last hour`}>
        <Segments
          label="Severity"
          value={severity.value}
          options={[["all", "All"], ["warning", "Warnings"], ["error", "Errors"]]}
          onChange={(value) => severity.value = value}
        />
      </PageHead>
      <Panel flush>
        <AlertList entries={entries} older={older} />
      </Panel>
    </div>
  );
}
