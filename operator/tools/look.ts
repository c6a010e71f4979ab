/** Tools that look at the fleet and change nothing. */
import { parseExactly } from "../../protocol/json.ts";
import { z } from "zod";
import { filterError } from "../../protocol/topics.ts";
import { stateOf } from "../fleet/views.ts";
import { instances, nodeNamed } from "../operations/find.ts";
import { listen } from "../operations/listen.ts";
import { keyOf, recentLines } from "../operations/recent.ts";
import { survey } from "../operations/survey.ts";
import { defineTool, done, excerpt, failed, type Tool, type ToolCall, type Workshop } from "./tool.ts";
import { pause } from "../../protocol/abort.ts";

const MAX_PAYLOAD_CHARS = 4000;
const limit = z.int().min(1).max(1000).default(200).describe("How many at most");

const listNodes = defineTool({
  name: "list_nodes",
  title: "List the nodes",
  description:
    "The nodes: online, stale or offline, what they run, load, version, labels, devices with their holders.",
  effect: "look",
  input: {
    limit,
    node: z.string().optional().describe("Only this one"),
    state: z.enum(["online", "stale", "offline"]).optional().describe("Only those in it"),
  },
  async run({ limit, node: only, state }, { operator }, { signal }) {
    const silent = await survey(operator, { signal });
    const now = Date.now();
    if (only !== undefined) nodeNamed(operator.fleet, only);
    const all = operator.fleet.nodes
      .filter((node) =>
        (only === undefined || node.name === only) && (state === undefined || stateOf(node, now) === state)
      )
      .toSorted((a, b) => a.name.localeCompare(b.name));
    const nodes = all.slice(0, limit).map((node) => ({
      node: node.name,
      state: stateOf(node, now),
      answers: node.isOnline && !silent.includes(node.name),
      agents: node.agents,
      runtime: node.runtime,
      version: node.version,
      uptime: node.uptime,
      cpu: node.cpu,
      memory_mb: node.memoryMb,
      labels: node.labels,
      devices: node.devices,
    }));
    return done({ nodes, total: all.length });
  },
});

const listAgents = defineTool({
  name: "list_agents",
  title: "List the agents",
  description:
    "The agents, on all nodes or on one: state (off: its node is off), load, restarts, description, topics. " +
    "also_on names other nodes that run an agent of that name: a conflict, one of them must be stopped.",
  effect: "look",
  input: {
    node: z.string().optional().describe("Only those of this node"),
    agent: z.string().optional().describe("Only those of this name"),
    limit,
  },
  async run({ node, agent: name, limit }, { operator }, { signal }) {
    await survey(operator, { signal });
    if (node !== undefined) nodeNamed(operator.fleet, node);
    const all = instances(operator.fleet)
      .filter(({ agent }) => node === undefined || agent.node === node)
      .filter(({ agent }) => name === undefined || agent.name === name);
    const agents = all.slice(0, limit).map((
      { agent: { name, node, task, cpu, memoryMb, uptime, restarts, manifest }, state, alsoOn },
    ) => ({
      agent: name,
      node,
      state,
      task: task === undefined ? undefined : excerpt(task, 200),
      cpu,
      memory_mb: memoryMb,
      uptime,
      restarts,
      description: typeof manifest?.description === "string" ? excerpt(manifest.description, 500) : undefined,
      publishes: manifest?.publishes,
      ...(alsoOn.length === 0 ? {} : { also_on: alsoOn }),
    }));
    if (name !== undefined && agents.length === 0) {
      return done({ agents, total: 0, note: `None of the nodes that answered runs an agent '${name}'` });
    }
    return done({ agents, total: all.length });
  },
});

const readInput = {
  target: z.string().optional().describe("An agent, or a node with its agents; all without it"),
  wait_seconds: z.number().min(0).max(60).default(0).describe("Listen so long for more before answering"),
  limit,
};

const readLogs = defineTool({
  name: "read_logs",
  title: "Read logs",
  description:
    "What agents and nodes have logged last, oldest first: what their nodes remember, and what was heard since.",
  effect: "look",
  input: readInput,
  run: async (input, workshop, call) => done(await linesOf(input, workshop, call, "logs")),
});

const readErrors = defineTool({
  name: "read_errors",
  title: "Read errors",
  description:
    "The last errors of agents, with their stacks, and of nodes, oldest first; of agents that have ended, too.",
  effect: "look",
  input: readInput,
  run: async (input, workshop, call) => done(await linesOf(input, workshop, call, "errors")),
});

const watchTopic = defineTool({
  name: "watch_topic",
  title: "Watch a topic",
  description: "Messages on an MQTT topic filter, for some seconds or until there are enough.",
  effect: "look",
  input: {
    filter: z.string().describe("MQTT topic filter, such as sensors/# or agents/+/alert"),
    seconds: z.number().positive().max(60).default(5),
    max_messages: z.int().min(1).max(200).default(20),
  },
  async run({ filter, seconds, max_messages }, { operator }, { signal, onProgress }) {
    const problem = filterError(filter);
    if (problem !== undefined) return failed(`Cannot watch '${filter}': ${problem}`);
    const messages: Readonly<Record<string, unknown>>[] = [];
    await listen(operator, {
      filters: [filter],
      forMs: seconds * 1000,
      signal,
      onMessage: ({ topic, payload, retained }) => {
        messages.push({ topic, retained, ...readPayload(payload) });
        onProgress(`${messages.length} of ${max_messages} messages`);
        return messages.length >= max_messages;
      },
    });
    return done({ messages, complete: messages.length < max_messages });
  },
});

export const LOOK_TOOLS: readonly Tool[] = [listNodes, listAgents, readLogs, readErrors, watchTopic];

interface ReadInput {
  readonly target?: string | undefined;
  readonly wait_seconds: number;
  readonly limit: number;
}

async function linesOf(
  { target, wait_seconds, limit }: ReadInput,
  { operator, journal }: Workshop,
  { signal }: ToolCall,
  kind: "logs" | "errors",
): Promise<Readonly<Record<string, unknown>>> {
  if (wait_seconds > 0) await pause(wait_seconds * 1000, signal);
  const recent = await recentLines(operator, { kind, target, max: limit, signal });
  const heard = journal.read(target, { errorsOnly: kind === "errors", max: limit });
  const known = new Set(heard.map(keyOf));
  const lines = [...recent.lines.filter((line) => !known.has(keyOf(line))), ...heard]
    .toSorted((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0))
    .slice(-limit);
  return { lines, ...(recent.notes.length === 0 ? {} : { notes: recent.notes }) };
}

function readPayload(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    if (text.length > MAX_PAYLOAD_CHARS) return { text: excerpt(text, MAX_PAYLOAD_CHARS) };
    try {
      return { json: parseExactly(text) };
    } catch {
      return { text };
    }
  } catch {
    return { bytes: payload.length };
  }
}
