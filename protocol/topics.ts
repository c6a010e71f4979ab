/** Every MQTT topic of the contract, built and matched in one place. */
import type { DirectCommand } from "./commands.ts";

/** The reports about an agent, `agents/{actor_id}/{report}`. */
export type AgentReport =
  | "heartbeat"
  | "status"
  | "logs"
  | "alert"
  | "errors"
  | "manifest"
  | "results"
  | "detections"
  | "metrics";

export const topics = {
  node: (node: string, command: DirectCommand): string => `nodes/${node}/${command}`,
  /** Asks every node for its agents. */
  rollCall: "nodes/all/list",
  nodeHeartbeat: (node: string): string => `nodes/${node}/heartbeat`,
  nodeStatus: (node: string): string => `nodes/${node}/status`,
  nodeAgents: (node: string): string => `nodes/${node}/agents`,
  /** The node's devices; retained. */
  nodeDevices: (node: string): string => `nodes/${node}/devices`,
  /** The newest generation of a fleet; retained, for operators. */
  fleetHead: (fleet: string): string => `main/fleets/${fleet}`,
  /** A generation that was applied, compressed; retained. */
  fleetHistory: (fleet: string, place: number | "+"): string => `main/fleets/${fleet}/${place}`,
  /** The roll-out of a fleet; retained, for operators. */
  fleetRollout: (fleet: string): string => `main/rollouts/${fleet}`,
  /** What a roll-out changes, compressed; retained until it is over. */
  fleetRolloutPlan: (fleet: string): string => `main/rollouts/${fleet}/plan`,
  /** Orders to the operator who carries out the roll-out. */
  fleetRolloutOrder: (fleet: string): string => `main/rollouts/${fleet}/order`,
  /** The generation of a fleet in force on the node, and the outcome of its agents. */
  nodeGeneration: (node: string, fleet: string): string => `nodes/${node}/generations/${fleet}`,
  /** What the node refused. */
  nodeAudit: (node: string): string => `nodes/${node}/audit`,
  migrateResult: (node: string): string => `nodes/${node}/migrate_result`,
  reply: (node: string, request: string): string => `nodes/${node}/reply/${request}`,
  /** The node's own log, with the node's name in place of an agent's id. */
  nodeLogs: (node: string): string => `agents/${node}/logs`,
  agent: (actorId: string, report: AgentReport): string => `agents/${actorId}/${report}`,
  /** A number that an agent has measured, by its name. */
  reading: (actorId: string, reading: string): string => `agents/${actorId}/readings/${reading}`,
  /** The state of a switch that an agent offers. */
  switchState: (actorId: string, name: string): string => `agents/${actorId}/switches/${name}`,
  agentCommands: (actorId: string): string => `agents/${actorId}/commands`,
  task: (agent: string): string => `agents/by-name/${agent}/task`,
  detections: (node: string, agent: string): string => `${node}/${agent}/detections`,
} as const;

/** Where a node hears messages sent under its own name. */
export function ownFilters(node: string): string[] {
  return [topics.nodeHeartbeat(node), topics.nodeStatus(node)];
}

/** MQTT 3.1.1, 1.5.3: a string's length is sent as two bytes. */
const MAX_TOPIC_BYTES = 65_535;
/** Brokers limit the levels: aedes closes the connection from 101 on, mosquitto from 201 on. */
const MAX_TOPIC_LEVELS = 100;
/**
 * MQTT 3.1.1, 1.5.3: a receiver may close the connection for control characters and for Unicode's noncharacters, and
 * mosquitto does. That would disconnect the whole node.
 */
const UNSAFE_CHARACTERS = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** Of these characters only the number of levels, wildcards and a $ can be wrong. No limit of MQTT is this short. */
const PLAIN = /^[\x20-\x7e]{1,1000}$/;

/** Why `topic` cannot be published to, or `undefined` when it can (MQTT 3.1.1, 4.7). */
export function publishTopicError(topic: unknown): string | undefined {
  return stringError(topic, "topic") ??
    (/[+#]/.test(topic as string) ? "a topic must not contain the wildcards + or #" : undefined) ??
    ((topic as string).startsWith("$") ? "topics that begin with $ belong to the broker" : undefined);
}

/** Why `filter` cannot be subscribed to, or `undefined` when it can (MQTT 3.1.1, 4.7). */
export function filterError(filter: unknown): string | undefined {
  const problem = stringError(filter, "filter");
  if (problem !== undefined) return problem;
  const levels = (filter as string).split("/");
  if (levels[0] === "$share") {
    return "shared subscriptions are not for agents: each gets its messages once already";
  }
  const wellFormed = levels.every((level, index) =>
    level === "+" || (level === "#" && index === levels.length - 1) || !/[+#]/.test(level)
  );
  return wellFormed ? undefined : "in a filter, + and # stand alone in their level, and # only in the last";
}

function stringError(value: unknown, what: string): string | undefined {
  if (typeof value !== "string") {
    return `a ${what} must be a string, got ${value === null ? "null" : typeof value}`;
  }
  if (!PLAIN.test(value)) {
    const problem = characterError(value, what);
    if (problem !== undefined) return problem;
  }
  // Each level but the first takes a character.
  if (value.length >= MAX_TOPIC_LEVELS && value.split("/", MAX_TOPIC_LEVELS + 1).length > MAX_TOPIC_LEVELS) {
    return `a ${what} must not have more than ${MAX_TOPIC_LEVELS} levels`;
  }
  return undefined;
}

function characterError(value: string, what: string): string | undefined {
  if (value === "") return `a ${what} must not be empty`;
  // deno-lint-ignore no-control-regex -- MQTT forbids NUL
  if (/\u0000/.test(value)) return `a ${what} must not contain the NUL character`;
  if (!value.isWellFormed()) return `a ${what} must be well-formed Unicode`;
  if (UNSAFE_CHARACTERS.test(value)) {
    return `a ${what} must not contain control characters or noncharacters`;
  }
  // A UTF-16 unit is at most three bytes of UTF-8, so only long strings need counting.
  if (value.length * 3 > MAX_TOPIC_BYTES && new TextEncoder().encode(value).length > MAX_TOPIC_BYTES) {
    return `a ${what} must not be longer than ${MAX_TOPIC_BYTES} bytes`;
  }
  return undefined;
}

/** Whether `topic` matches the subscription `filter` (MQTT 3.1.1, 4.7). */
export function filterMatches(filter: string, topic: string): boolean {
  // 4.7.2: a wildcard in the first level does not match topics of the broker.
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const filterLevels = filter.split("/");
  const topicLevels = topic.split("/");
  for (const [index, level] of filterLevels.entries()) {
    if (level === "#") return true;
    const actual = topicLevels[index];
    if (actual === undefined || (level !== "+" && level !== actual)) return false;
  }
  return filterLevels.length === topicLevels.length;
}

/** Whether any topic matches both filters. */
export function filtersOverlap(one: string, other: string): boolean {
  const [ours, theirs] = [one.split("/"), other.split("/")];
  for (let index = 0;; index++) {
    const [mine, yours] = [ours[index], theirs[index]];
    // `a/#` matches `a` too.
    if (mine === "#" || yours === "#") return true;
    if (mine === undefined || yours === undefined) return mine === yours;
    if (mine !== "+" && yours !== "+" && mine !== yours) return false;
  }
}

/** Whether `outer` matches every topic that `inner` matches. */
export function filterCovers(outer: string, inner: string): boolean {
  if (/^[+#]/.test(outer) && inner.startsWith("$")) return false;
  const innerLevels = inner.split("/");
  const outerLevels = outer.split("/");
  for (const [index, level] of outerLevels.entries()) {
    if (level === "#") return true;
    const theirs = innerLevels[index];
    // `a/#` matches `a` too: more than `a/+` does.
    if (theirs === undefined || theirs === "#") return false;
    if (level !== "+" && level !== theirs) return false;
  }
  return outerLevels.length === innerLevels.length;
}
