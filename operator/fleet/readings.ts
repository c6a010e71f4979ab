/** Merges the fields of one report into what is known about a node or an agent. Pure. */
import { epochIn } from "../../protocol/placement.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isName, nameIn } from "../../protocol/names.ts";
import { readDevices } from "./devices.ts";
import { type AgentView, newAgent, newNode, type NodeView } from "./views.ts";

/** Limits for text from others: it is kept in memory and sent to every browser. */
const MAX_TEXT_CHARS = 300;
const MAX_LABELS = 64;
const MAX_AGENTS_OF_NODE = 1000;
const MAX_MANIFEST_CHARS = 16_000;

/** The fields of a report. Untrusted: any client can publish one, so each field is checked before use. */
export type Fields = Readonly<Record<string, unknown>>;

/** @returns the object in `payload`; undefined when it is not one */
export function readObject(payload: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Ignored: any client can publish malformed payloads.
    return undefined;
  }
}

/**
 * @param report the last level of its topic: `heartbeat`, `status` or `devices`
 * @param nowMs when it came
 * @returns undefined when it changes nothing
 */
export function nodeAfter(
  known: NodeView | undefined,
  name: string,
  report: string | undefined,
  fields: Fields,
  nowMs: number,
): NodeView | undefined {
  const node = known ?? newNode(name);
  if (report === "status") return afterStatus(node, fields);
  if (report === "devices") return { ...node, devices: readDevices(fields) };
  if (fields.status === "offline") return { ...node, isOnline: false, agents: [] };
  const timestamp = number(fields.timestamp);
  return {
    ...node,
    isOnline: true,
    lastSeenMs: nowMs,
    agents: names(fields.agents),
    instance: text(fields.instance),
    runtime: text(fields.runtime),
    version: text(fields.version),
    uptime: number(fields.uptime),
    cpu: number(fields.cpu),
    memoryMb: number(fields.memory_mb),
    queue: number(fields.queue),
    dropped: number(fields.dropped),
    release: text(fields.release),
    connectedTo: text(fields.connected_to),
    clockSkewSeconds: timestamp === undefined ? undefined : nowMs / 1000 - timestamp,
    labels: labels(fields.labels),
    hasLabels: true,
    window: text(fields.window),
    generations: fields.generations === undefined ? undefined : labels(fields.generations),
  };
}

/** A birth message or a last will. */
function afterStatus(node: NodeView, fields: Fields): NodeView | undefined {
  const isOnline = fields.status === "online";
  const instance = text(fields.instance);
  // The last will of an earlier process does not apply to the current one.
  const isOfAnother = node.instance !== undefined && instance !== node.instance;
  if (!isOnline && isOfAnother && node.isOnline) return undefined;
  const known = fields.labels === undefined
    ? {}
    : { labels: labels(fields.labels), hasLabels: true, window: text(fields.window) };
  return { ...node, ...known, isOnline, instance: instance ?? node.instance };
}

/**
 * @param report the last level of its topic: `heartbeat`, `status`, `metrics`, `errors` or `manifest`
 * @param nowMs when it came
 * @returns undefined when the agent's name is unknown
 */
export function agentAfter(
  known: AgentView | undefined,
  actorId: string,
  report: string | undefined,
  fields: Fields,
  nowMs: number,
): AgentView | undefined {
  const name = nameIn(fields.name, fields.agent, known?.name);
  if (name === undefined) return undefined;
  const agent = known ?? newAgent(actorId, name);
  const node = nameIn(fields.node, agent.node);
  const counters = {
    uptime: number(fields.uptime) ?? agent.uptime,
    messagesProcessed: number(fields.messages_processed) ?? agent.messagesProcessed,
  };
  switch (report) {
    case "heartbeat":
      return {
        ...agent,
        name,
        node,
        lastSeenMs: nowMs,
        state: text(fields.state) ?? agent.state,
        epoch: epochIn(fields.epoch),
        task: text(fields.task),
        cpu: number(fields.cpu),
        memoryMb: number(fields.memory_mb),
      };
    case "status":
      return {
        ...agent,
        node,
        state: text(fields.state) ?? agent.state,
        ...counters,
      };
    case "metrics":
      return {
        ...agent,
        ...counters,
        errors: number(fields.errors) ?? agent.errors,
      };
    case "errors":
      return {
        ...agent,
        node,
        lastSeenMs: nowMs,
        // A Python node sends no heartbeat after it.
        state: fields.severity === "fatal" ? "failed" : agent.state,
        restarts: number(fields.restart_count) ?? agent.restarts,
      };
    default:
      return {
        ...agent,
        node,
        manifest: isBounded(fields) ? fields : undefined,
        epoch: epochIn(fields.epoch),
      };
  }
}

/** @param listed one entry of the answer of `node` to `list` @returns undefined when it names no agent */
export function agentListed(
  knownAs: (actorId: string) => AgentView | undefined,
  node: string,
  listed: unknown,
  nowMs: number,
): AgentView | undefined {
  if (typeof listed !== "object" || listed === null) return undefined;
  const fields = listed as Fields;
  const [name, actorId] = [nameIn(fields.name), nameIn(fields.actor_id)];
  if (name === undefined || actorId === undefined) return undefined;
  const agent = knownAs(actorId) ?? newAgent(actorId, name);
  return {
    ...agent,
    name,
    node,
    lastSeenMs: nowMs,
    state: text(fields.state) ?? agent.state,
    cpu: number(fields.cpu),
    memoryMb: number(fields.memory_mb),
    uptime: number(fields.uptime) ?? agent.uptime,
    restarts: number(fields.restart_count) ?? agent.restarts,
    epoch: epochIn(fields.epoch),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_TEXT_CHARS) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isName).slice(0, MAX_AGENTS_OF_NODE) : [];
}

function labels(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).slice(0, MAX_LABELS);
  return Object.fromEntries(
    entries.flatMap(([key, label]): [string, string][] => {
      const read = text(label);
      return read === undefined || key.length > MAX_TEXT_CHARS ? [] : [[key, read]];
    }),
  );
}

function isBounded(manifest: Fields): boolean {
  return JSON.stringify(manifest).length <= MAX_MANIFEST_CHARS;
}
