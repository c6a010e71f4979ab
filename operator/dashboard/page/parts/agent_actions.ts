/** The actions available for an agent in its state: the same in menus, on its page, and by keys. */
import type { AgentDto } from "../../wire.ts";
import type { AgentState } from "../logic/states.ts";
import type { App } from "../state/app.ts";
import { href } from "../state/router.ts";
import type { MenuItem } from "./menu.tsx";

/** In menu order. */
export function agentActions(app: App, agent: AgentDto, state: AgentState): MenuItem[] {
  const edit: MenuItem = { icon: "edit", label: "Edit…", run: () => app.router.go(editHref(agent)) };
  if (state === "stopped" || state === "failed") {
    return [
      { icon: "play", label: "Start", run: () => void app.start(agent) },
      edit,
      { icon: "trash", label: "Remove from the list", danger: true, run: () => void app.remove(agent) },
    ];
  }
  const isThere = state !== "lost" && state !== "unknown";
  return [
    state === "paused"
      ? { icon: "play", label: "Resume", run: () => void app.command(agent, "resume") }
      : { icon: "pause", label: "Pause", disabled: !isThere, run: () => void app.command(agent, "pause") },
    { icon: "restart", label: "Restart", disabled: !isThere, run: () => void app.command(agent, "restart") },
    { icon: "stop", label: "Stop…", disabled: !isThere, run: () => ask(app, "stop", agent) },
    edit,
    { icon: "call", label: "Call handle_task…", disabled: !isThere, run: () => ask(app, "task", agent) },
    state === "lost"
      ? { icon: "move", label: "Start elsewhere…", run: () => ask(app, "start_elsewhere", agent) }
      : { icon: "move", label: "Migrate…", disabled: !isThere, run: () => ask(app, "migrate", agent) },
    {
      icon: "trash",
      label: "Delete…",
      danger: true,
      disabled: !isThere,
      run: () => ask(app, "delete", agent),
    },
  ];
}

/** Where the code and config of an agent are edited. @param version the version to begin with, instead of what runs */
export function editHref({ actor_id }: AgentDto, version?: number): string {
  return href("agents", actor_id, {
    tab: "edit",
    ...(version === undefined ? {} : { version: String(version) }),
  });
}

function ask(
  app: App,
  kind: "task" | "migrate" | "start_elsewhere" | "stop" | "delete",
  agent: AgentDto,
): void {
  app.asked.value = { kind, agent };
}
