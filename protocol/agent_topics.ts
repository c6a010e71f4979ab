/**
 * Which topics an agent may use. The trees `nodes/` and `agents/` carry commands to nodes and reports by nodes about
 * themselves and their agents: writing there commands others or impersonates them. So does writing to the topics where a
 * main machine waits for answers, or to another agent's detections. Agents may hear the reports of nodes, but not the
 * commands, tasks and answers meant for others.
 */
import { isJsonObject } from "./json.ts";
import { hasTooManyParts, MAX_PARTS } from "./json.ts";
import { filterCovers, filterMatches, filtersOverlap, topics } from "./topics.ts";

/** The topic filters of one agent. Plain data: sent to the harness at the start. */
export interface TopicRules {
  /** Where it may publish, outside control topics. */
  readonly publish: readonly string[];
  /** What it may subscribe to: its filters must lie inside one of these. */
  readonly subscribe: readonly string[];
  /** Control topics it may publish to anyway. */
  readonly control: readonly string[];
  /** Further topics that only the node writes to. */
  readonly reserved?: readonly string[];
}

/** Any topic except control topics. */
export const DEFAULT_TOPIC_RULES: TopicRules = Object.freeze({
  publish: Object.freeze(["#"]),
  subscribe: Object.freeze(["#"]),
  control: Object.freeze([]),
});

const TASK_FILTER = "agents/by-name/+/task";
const REPLY_FILTER = "nodes/+/reply/+";
const DETECTIONS_END = "/detections";
const DETECTIONS_FILTER = `+/+${DETECTIONS_END}`;
/** Where a main machine waits for answers. */
const MAIN_REPLIES = "main/reply/";
/** Reports of nodes that everybody may hear. */
const REPORT_FILTERS = [
  ...["heartbeat", "status", "agents", "devices", "migrate_result", "audit"].map((report) =>
    `nodes/+/${report}`
  ),
  ...["heartbeat", "status", "logs", "alert", "errors", "manifest", "results", "detections", "metrics"]
    .map((report) => `agents/+/${report}`),
  topics.reading("+", "+"),
  topics.switchState("+", "+"),
];

/** Whether `topic` carries commands to nodes or agents, or reports of nodes. */
export function isControlTopic(topic: string): boolean {
  return topic.startsWith("nodes/") || topic.startsWith("agents/");
}

/** Whether only nodes write to `topic`. @param own the topic of the agent's own detections, to which it may publish */
function isReserved({ reserved = [] }: TopicRules, topic: string, own?: string): boolean {
  if (topic === own) return false;
  if (isListed(reserved, topic)) return true;
  return isControlTopic(topic) || topic.startsWith(MAIN_REPLIES) ||
    // Runs for each message: the cheap check excludes most topics.
    (topic.endsWith(DETECTIONS_END) && filterMatches(DETECTIONS_FILTER, topic));
}

/** A message that an agent wants to publish. */
export interface AgentMessage {
  readonly topic: string;
  /** The topic of the agent's own detections. */
  readonly own: string;
  readonly retain: boolean;
  /** Called only if the decision depends on the content. */
  readonly payload: () => string | Uint8Array;
}

/** Why an agent must not publish `message`, or `undefined` when it may. */
export function publishRefusal(rules: TopicRules, message: AgentMessage): string | undefined {
  const { topic, own } = message;
  if (!isReserved(rules, topic, own)) {
    return isListed(rules.publish, topic) ? undefined : notListed(rules.publish);
  }
  if (isListed(rules.control, topic)) return undefined;
  if (isListed(rules.reserved ?? [], topic)) {
    return "only the node announces to Home Assistant, unless its policy grants the topic";
  }
  if (!isControlTopic(topic)) {
    return "answers to a main machine, and detections of other agents, are not for agents unless the node's policy " +
      "grants them";
  }
  if (!filterMatches(TASK_FILTER, topic)) {
    return "control topics, below nodes/ and agents/, are not for agents unless the node's policy grants them";
  }
  if (!isListed(rules.publish, topic)) return notListed(rules.publish);
  return message.retain ? "a task for an agent must not be retained" : taskRefusal(rules, message);
}

/** Why an agent must not send a task to that topic's agent, or `undefined` when it may. */
export function sendToRefusal(rules: TopicRules, taskTopic: string): string | undefined {
  const allowed = isListed(rules.publish, taskTopic) || isListed(rules.control, taskTopic);
  return allowed ? undefined : notListed(rules.publish);
}

/** Why an agent must not subscribe to `filter`, or `undefined` when it may. */
export function subscribeRefusal({ subscribe }: TopicRules, filter: string): string | undefined {
  if (!subscribe.some((allowed) => filterCovers(allowed, filter))) {
    return `the node's policy lets it subscribe to ${inWords(subscribe)}`;
  }
  const bringsSomething = !isPrivate(filter) ||
    (!filterCovers(TASK_FILTER, filter) && REPORT_FILTERS.some((report) => filtersOverlap(report, filter))) ||
    namedIn(subscribe).some((named) => filtersOverlap(named, filter));
  return bringsSomething
    ? undefined
    : "commands, tasks and answers are for those whom they are for, unless the node's policy names them";
}

/** Whether a message on `topic` is delivered to an agent whose subscription matches. */
export function mayHear({ subscribe }: TopicRules, topic: string): boolean {
  if (!isPrivate(topic) || isReport(topic)) return true;
  return isListed(namedIn(subscribe), topic);
}

/** Whether a topic, or everything a filter matches, is addressed to somebody or is a report. */
function isPrivate(topic: string): boolean {
  return isControlTopic(topic) || topic.startsWith(MAIN_REPLIES);
}

/** A task for an agent named `readings` or `switches` has the form of a report. */
function isReport(topic: string): boolean {
  return REPORT_FILTERS.some((report) => filterMatches(report, topic)) && !filterMatches(TASK_FILTER, topic);
}

/** The filters of a policy: `#` stands for everything that everybody may hear. */
function namedIn(subscribe: readonly string[]): readonly string[] {
  return subscribe.filter((filter) => !/^[+#]/.test(filter));
}

/**
 * Why no answer may go to `topic`, or `undefined` when it may. The asker chooses the topic and must not use it to make
 * the answerer send a command on his behalf. The reply topics of nodes are allowed.
 */
export function replyRefusal(topic: string): string | undefined {
  if (filterMatches(DETECTIONS_FILTER, topic)) return "a reply must not go where detections of agents are";
  if (!isControlTopic(topic) || filterMatches(REPLY_FILTER, topic)) return undefined;
  return "control topics, below nodes/ and agents/, accept no replies except nodes/{name}/reply/{request}";
}

/** The handler writes the answer to a task: it must not go to a topic that the asker could not publish to itself. */
function taskRefusal(rules: TopicRules, { own, payload }: AgentMessage): string | undefined {
  const text = textOf(payload());
  if (text !== undefined && hasTooManyParts(text)) {
    return `a task must not hold more than ${MAX_PARTS} objects, lists and texts`;
  }
  const task = text === undefined ? undefined : parseObject(text);
  if (task === undefined) return "a task for an agent must be a JSON object";
  const replyTopic = task._reply_topic ?? undefined;
  if (replyTopic === undefined) return undefined;
  const allowed = typeof replyTopic === "string" && !isReserved(rules, replyTopic, own) &&
    isListed(rules.publish, replyTopic);
  return allowed ? undefined : "its _reply_topic is one that the agent must not publish to";
}

/** Parses as strictly as a node does, and refuses anything that another reader could understand differently. */
function textOf(payload: string | Uint8Array): string | undefined {
  if (typeof payload === "string") return payload;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    // Not text, so not a task.
    return undefined;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON, so not a task.
    return undefined;
  }
}

function isListed(filters: readonly string[], topic: string): boolean {
  return filters.some((filter) => filter === "#" || filterMatches(filter, topic));
}

function notListed(filters: readonly string[]): string {
  return `the node's policy lets it publish to ${inWords(filters)}`;
}

function inWords(filters: readonly string[]): string {
  return filters.length === 0 ? "no topic at all" : `${filters.join(", ")} only`;
}
