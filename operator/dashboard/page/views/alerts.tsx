/** The alerts of the last hour. */
import type { JSX } from "preact";
import type { AlertEntry } from "../../wire.ts";
import { plural, zoneWords } from "../logic/format.ts";
import { PageHead, Panel, Segments } from "../parts/basics.tsx";
import { AlertList } from "../parts/entries.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

const SEVERITIES = ["all", "warning", "error"] as const;

export function Alerts(): JSX.Element {
  const { store, router } = useApp();
  const severity = SEVERITIES.find((known) => known === router.query("severity")) ?? "all";
  const older = async (before: number) => {
    const { alerts } = await get<{ readonly alerts: readonly AlertEntry[] }>(`/api/alerts?before=${before}`);
    store.addAlerts(alerts);
    return alerts.length > 0;
  };
  const entries = store.alerts.value.filter((entry) => severity === "all" || entry.severity === severity);
  return (
    <div class="view">
      <PageHead title="Alerts" note={`${plural(entries.length, "alert")} in the last hour · ${zoneWords()}`}>
        <Segments
          label="Severity"
          value={severity}
          options={[["all", "All"], ["warning", "Warnings"], ["error", "Errors"]]}
          onChange={(value) => router.choose({ severity: value === "all" ? "" : value })}
        />
      </PageHead>
      <Panel flush>
        <AlertList entries={entries} older={older} />
      </Panel>
    </div>
  );
}
