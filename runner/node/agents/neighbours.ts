/** Which agents take tasks from others on this node without the broker. */
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Supervisor } from "../../supervisor/supervisor.ts";
import type { Turns } from "../../turns.ts";

/**
 * @returns finds an agent by its name. While one is being started, replaced or stopped, that is a promise: a successor
 * gets the task. One that is arriving from another node is not found: until the move is decided, the other node has it
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
