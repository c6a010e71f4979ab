/** Groups alerts by who published them, so that one noisy agent is one line. Pure. */
import type { Acknowledgement } from "../../notice_wire.ts";
import type { AlertEntry } from "../../wire.ts";

export interface AlertGroup {
  /** An agent's `actor_id`, or a node's name. */
  readonly source: string;
  /** In order of arrival; at least one. */
  readonly alerts: readonly AlertEntry[];
  readonly newest: AlertEntry;
  /** Who has acknowledged all of them; null if one is newer than that. */
  readonly acknowledged: Acknowledgement | null;
}

/** Those that wait for somebody first, then by the newest alert. */
export function alertGroups(
  alerts: readonly AlertEntry[],
  marks: Readonly<Record<string, Acknowledgement>>,
): readonly AlertGroup[] {
  const bySource = Map.groupBy(alerts, ({ actor_id, node }) => actor_id ?? node ?? "");
  const groups = [...bySource].flatMap(([source, those]): AlertGroup[] => {
    const newest = those.at(-1);
    if (newest === undefined) return [];
    const mark = marks[source];
    const isCovered = mark !== undefined && those.every(({ time }) => time <= mark.at);
    return [{ source, alerts: those, newest, acknowledged: isCovered ? mark : null }];
  });
  return groups.sort((a, b) =>
    Number(a.acknowledged !== null) - Number(b.acknowledged !== null) || b.newest.time - a.newest.time
  );
}
