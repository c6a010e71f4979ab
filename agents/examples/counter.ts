/**
 * Counts and does not forget: persisted values survive a crash, and a restart of the agent or the node.
 *
 *     mosquitto_sub -t 'counters/#'
 *
 * Stop it and spawn it again: it continues where it was. `{"command": "delete"}` on `agents/{actor_id}/commands` stops
 * it and forgets the count.
 */
import type { Agent } from "../types.d.ts";

export async function setup(agent: Agent): Promise<void> {
  // `recall` returns the value persisted under the key, else the fallback.
  const starts: number = agent.recall("starts", 0) + 1;
  // On disk when the call returns; takes any JSON value.
  agent.persist("starts", starts);
  await agent.log(`Start number ${starts}; the count is at ${agent.recall("count", 0)}`);
}

export async function process(agent: Agent): Promise<void> {
  const count: number = agent.recall("count", 0) + 1;
  agent.persist("count", count);
  // `agent.state` is not persisted: a plain object, lost with the process.
  agent.state.sinceStart = (agent.state.sinceStart ?? 0) + 1;
  await agent.publish(`counters/${agent.name}`, { count, since_start: agent.state.sinceStart });
}
