/**
 * `nodes/{name}/list`: answers on `nodes/{name}/agents`, and with a heartbeat. A node that asks whether an agent may move
 * here also gets a signed answer.
 */
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Answer, Command, CommandContext } from "./command.ts";

export async function list(context: CommandContext, { json }: Command): Promise<Answer> {
  const offer = await context.arrivals.offer(json);
  return offer === undefined ? await context.rollCall.ask() : callRoll(context, offer);
}

/** `nodes/all/list`: the same, asked of all nodes at once. The answer also says whose it is. */
export async function rollCall({ rollCall, identity }: CommandContext): Promise<Answer> {
  return { node: identity.name, ...await rollCall.ask() };
}

/** Sends the list of agents to everybody who asked. @param offer for the node that asked for an offer */
export function callRoll(context: CommandContext, offer?: Answer): Answer {
  const agents = context.supervisor.agents().map((agent) => describe(context, agent));
  context.reporter.agentList(agents, offer);
  context.vitals.reportNode();
  return { agents };
}

/** An agent as `list` shows it. */
export function describe(
  { vitals }: CommandContext,
  agent: SupervisedAgent,
): Readonly<Record<string, unknown>> {
  const usage = vitals.measure(agent);
  return {
    name: agent.name,
    actor_id: agent.actorId,
    state: agent.visibleState ?? agent.state.phase.kind,
    restart_count: agent.state.restartCount,
    epoch: agent.config.epoch,
    pid: agent.pid ?? null,
    cpu: usage?.cpu ?? 0,
    memory_mb: usage?.memoryMb ?? 0,
    uptime: Math.round(agent.uptime * 1000) / 1000,
  };
}
