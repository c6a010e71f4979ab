/** What waits for somebody in each view, beside its link. */
import type { JSX } from "preact";
import { alertGroups } from "../logic/alert_groups.ts";
import { countStates } from "../logic/agent_rows.ts";
import { openAction } from "../logic/chat_log.ts";
import { nodeState } from "../logic/states.ts";
import type { View } from "../logic/views.ts";
import { useApp } from "../state/app.ts";

/** The number of items in a view, shown on its link. */
export function Badge({ view }: { readonly view: View }): JSX.Element | null {
  const { store, chat, board } = useApp();
  store.watchFleet();
  if (view === "chat" && openAction(chat.log.value) !== undefined) {
    return <span class="badge badge-warn" title="An action waits for your answer">1</span>;
  }
  if (view === "agents") {
    const failed = countStates(store.agents.values(), store.nodes, store.judged.value).get("failed") ?? 0;
    return (
      <>
        {failed > 0 && <span class="badge badge-bad" title={`${failed} failed`}>{failed}</span>}
        <span class="badge" title="in all">{store.agents.size}</span>
      </>
    );
  }
  if (view === "nodes") {
    const away = [...store.nodes.values()].filter((node) =>
      nodeState(node, store.judged.value) !== "online"
    ).length;
    return (
      <>
        {away > 0 && <span class="badge badge-warn" title={`${away} not online`}>{away}</span>}
        <span class="badge" title="in all">{store.nodes.size}</span>
      </>
    );
  }
  if (view === "alerts") {
    const groups = alertGroups(store.alerts.value, board.value.value?.alerts ?? {})
      .filter(({ acknowledged }) => acknowledged === null);
    if (groups.length === 0) return null;
    const isBad = groups.some(({ newest }) => newest.severity === "error");
    return (
      <span class={`badge ${isBad ? "badge-bad" : "badge-warn"}`} title={`${groups.length} to acknowledge`}>
        {groups.length}
      </span>
    );
  }
  if (view === "notices") {
    const open = board.value.value?.notices.filter(({ ended, acknowledged }) =>
      ended === null && acknowledged === null
    ).length ?? 0;
    if (open > 0) return <span class="badge badge-warn" title={`${open} to acknowledge`}>{open}</span>;
  }
  return null;
}
