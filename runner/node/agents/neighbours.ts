/** Which agents take tasks from others on this node without the broker. */
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Turns } from "../../turns.ts";

/**
 * @returns a function that finds an agent by its name. It returns a promise while an agent of that name is being
 * started, replaced or stopped, so that a successor gets the task. It does not find an agent that is arriving from
 * another node, which owns the agent until the move is decided
 */
export function neighbours(
  supervisor: Pick<Supervisor, "find">,
  turns: Turns,
): (name: string) => SupervisedAgent | undefined | Promise<SupervisedAgent | undefined> {
  const find = (name: string) => {
    const agent = supervisor.find(name);
    return agent?.state.passage === "arriving" ? undefined : agent;
  };
  return (name) => turns.isBusy(name) ? turns.take(name, () => Promise.resolve(find(name))) : find(name);
}
