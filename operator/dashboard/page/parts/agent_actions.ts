/** The actions available for an agent in its state: the same in menus, on its page, and by keys. */
import type { AgentDto } from "../../wire.ts";
import type { AgentState } from "../logic/states.ts";
import type { App } from "../state/app.ts";
import type { MenuItem } from "./menu.tsx";

/** In menu order. */
export function agentActions(app: App, agent: AgentDto, state: AgentState): MenuItem[] {
  const isThere = !["stopped", "failed", "lost", "unknown"].includes(state);
  const isPaused = state === "paused";
  return [
    isPaused
      ? { icon: "play", label: "Resume", run: () => void app.command(agent, "resume") }
      : { icon: "pause", label: "Pause", disabled: !isThere, run: () => void app.command(agent, "pause") },
    { icon: "restart", label: "Restart", disabled: !isThere, run: () => void app.command(agent, "restart") },
    { icon: "stop", label: "Stop", disabled: !isThere, run: () => void app.command(agent, "stop") },
    { icon: "call", label: "Call handle_task…", disabled: !isThere, run: () => ask(app, "task", agent) },
    { icon: "move", label: "Migrate…", disabled: !isThere, run: () => ask(app, "migrate", agent) },
    {
      icon: "trash",
      label: "Delete…",
      danger: true,
      disabled: !isThere,
      run: () => ask(app, "delete", agent),
    },
  ];
}

function ask(app: App, kind: "task" | "migrate" | "delete", agent: AgentDto): void {
  app.asked.value = { kind, agent };
}
