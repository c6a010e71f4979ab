/**
 * Publishes a regular beat, so that others can notice its silence. With a `target`, it also reports whether that host
 * answers and how fast: it opens a TCP connection and closes it.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic for beats. */
  readonly topic: string;
  /** HOST:PORT to connect to at each beat, which needs the permission `net`; empty: only send beats. */
  readonly target: string;
}

const PARAMETERS: Parameters = {
  "topic": "heartbeat",
  "target": "",
};

export async function process(agent: Agent): Promise<void> {
  const beat: number = (agent.state.beat ?? 0) + 1;
  agent.state.beat = beat;
  const { topic, target } = PARAMETERS;
  const ping = target === "" ? {} : { target, ...await connect(target) };
  await agent.publish(topic, {
    beat,
    from: agent.name,
    node: agent.node,
    timestamp: Date.now() / 1000,
    ...ping,
  });
}

async function connect(target: string): Promise<{ reachable: boolean; ms: number; error?: string }> {
  const colon = target.lastIndexOf(":");
  const hostname = target.slice(0, colon).replace(/^\[|\]$/g, "");
  const start = performance.now();
  const ms = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    (await Deno.connect({ hostname, port: Number(target.slice(colon + 1)) })).close();
    return { reachable: true, ms: ms() };
  } catch (error) {
    // Not a failure of this agent, unless it lacks the permission to connect.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return { reachable: false, ms: ms(), error: (error as Error).message };
  }
}
