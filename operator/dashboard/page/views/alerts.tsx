/** The alerts, grouped by who published them. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { AlertEntry } from "../../wire.ts";
import { type AlertGroup, alertGroups } from "../logic/alert_groups.ts";
import { dayAndTime, plural, zoneWords } from "../logic/format.ts";
import { visible } from "../logic/visible.ts";
import { Button, Empty, PageHead, Panel, Segments } from "../parts/basics.tsx";
import { AlertList, Source } from "../parts/entries.tsx";
import { Ago, LevelMark } from "../parts/marks.tsx";
import { get } from "../state/api.ts";
import { useApp } from "../state/app.ts";

const SEVERITIES = ["all", "warning", "error"] as const;

export function Alerts(): JSX.Element {
  const { store, router, board } = useApp();
  const severity = SEVERITIES.find((known) => known === router.query("severity")) ?? "all";
  const isFlat = router.query("arrange") === "flat";
  const older = async (before?: number) => {
    const query = before === undefined ? "" : `?before=${before}`;
    const { alerts } = await get<{ readonly alerts: readonly AlertEntry[] }>(`/api/alerts${query}`);
    store.addAlerts(alerts);
    return alerts.length > 0;
  };
  useEffect(() => {
    // If fetching fails, only live entries are shown.
    older().catch(() => {});
  }, []);
  const entries = store.alerts.value.filter((entry) => severity === "all" || entry.severity === severity);
  const groups = alertGroups(entries, board.value.value?.alerts ?? {});
  const open = groups.filter(({ acknowledged }) => acknowledged === null).length;
  return (
    <div class="view">
      <PageHead
        title="Alerts"
        note={`${plural(entries.length, "alert")} from ${
          plural(groups.length, "source")
        }, ${open} to acknowledge · ${zoneWords()}`}
      >
        <Segments
          label="Severity"
          value={severity}
          options={[["all", "All"], ["warning", "Warnings"], ["error", "Errors"]]}
          onChange={(value) => router.choose({ severity: value === "all" ? "" : value })}
        />
        <Segments
          label="Arrangement"
          value={isFlat ? "flat" : "groups"}
          options={[["groups", "By source"], ["flat", "One by one"]]}
          onChange={(value) => router.choose({ arrange: value === "flat" ? "flat" : "" })}
        />
      </PageHead>
      <Panel flush>
        {isFlat
          ? <AlertList entries={entries} older={older} />
          : groups.length === 0
          ? <Empty title="No alert" />
          : (
            <ol class="lines">
              {groups.map((group) => <AlertGroupRow key={group.source} group={group} />)}
            </ol>
          )}
      </Panel>
    </div>
  );
}

/** The number of alerts that a group shows when it is opened; all are under One by one. */
const IN_GROUP = 50;

function AlertGroupRow({ group }: { readonly group: AlertGroup }): JSX.Element {
  const app = useApp();
  const { source, alerts, newest, acknowledged } = group;
  return (
    <li class="line" data-source={newest.agent ?? newest.node}>
      <div class="line-main">
        <p class="alert-head">
          <LevelMark level={newest.severity} />
          <Source entry={newest} />
          {alerts.length > 1 && <span class="badge" title="Alerts">{alerts.length}</span>}
          <span class="note">
            <Ago time={newest.time} />
          </span>
        </p>
        <p class="entry-text">{visible(newest.message)}</p>
        {acknowledged !== null && (
          <p class="note">
            {`acknowledged by ${visible(acknowledged.by)} at ${dayAndTime(acknowledged.at)}`}
          </p>
        )}
        {alerts.length > 1 && (
          <details>
            <summary>{`The latest ${Math.min(IN_GROUP, alerts.length)}`}</summary>
            <AlertList entries={alerts} limit={IN_GROUP} />
          </details>
        )}
      </div>
      {app.mayControl && acknowledged === null && (
        <div class="line-tools">
          <Button
            icon="check"
            label="Acknowledge"
            onClick={() => void app.perform("Acknowledging", "/api/alerts/acknowledge", { source })}
          />
        </div>
      )}
    </li>
  );
}
