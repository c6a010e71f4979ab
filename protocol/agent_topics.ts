/**
 * Which topics an agent may use. The trees `nodes/` and `agents/` are how nodes are commanded and how nodes speak of
 * themselves and their agents: whoever writes there commands others, or speaks in their name. So does whoever writes
 * where a main machine waits for answers, or where another agent's detections are. What is said to nodes and agents
 * there, and the answers, are for those alone whom they are for: agents hear what nodes report.
 */
import { isJsonObject } from "./json.ts";
import { hasTooManyParts, MAX_PARTS } from "./json.ts";
import { filterCovers, filterMatches, filtersOverlap } from "./topics.ts";

/** What one agent may use, as topic filters. Plain data: the harness is told at the start. */
export interface TopicRules {
  /** Where it may publish, outside the control topics. */
  readonly publish: readonly string[];
  /** What it may subscribe to: a filter of its own must lie inside one of these. */
  readonly subscribe: readonly string[];
  /** Topics of nodes it may publish to all the same. */
  readonly control: readonly string[];
}

/** Any topic but the control topics. */
export const DEFAULT_TOPIC_RULES: TopicRules = Object.freeze({
  publish: Object.freeze(["#"]),
  subscribe: Object.freeze(["#"]),
  control: Object.freeze([]),
});

const TASK_FILTER = "agents/by-name/+/task";
const REPLY_FILTER = "nodes/+/reply/+";
const DETECTIONS_FILTER = "+/+/detections";
/** Where a main machine waits for answers. */
const MAIN_REPLIES = "main/reply/";
/** What nodes report for everybody. */
const REPORT_FILTERS = [
  ...["heartbeat", "status", "agents", "migrate_result", "audit"].map((report) => `nodes/+/${report}`),
  ...["heartbeat", "status", "logs", "alert", "errors", "manifest", "results", "detections", "metrics"]
    .map((report) => `agents/+/${report}`),
];

/** Whether `topic` commands nodes or agents, or is where nodes speak. */
export function isControlTopic(topic: string): boolean {
  return topic.startsWith("nodes/") || topic.startsWith("agents/");
}

/** Whether only nodes write to `topic`. @param own where the agent's own detections are: those it may publish itself */
function isReserved(topic: string, own?: string): boolean {
  if (topic === own) return false;
  return isControlTopic(topic) || topic.startsWith(MAIN_REPLIES) || filterMatches(DETECTIONS_FILTER, topic);
}

/** A message as an agent wants it published. */
export interface AgentMessage {
  readonly topic: string;
  /** Where the agent's own detections are. */
  readonly own: string;
  readonly retain: boolean;
  /** Asked for only where the content decides. */
  readonly payload: () => string | Uint8Array;
}

/** Why an agent must not publish `message`, or `undefined` when it may. */
export function publishRefusal(rules: TopicRules, message: AgentMessage): string | undefined {
  const { topic, own } = message;
  if (!isReserved(topic, own)) return isListed(rules.publish, topic) ? undefined : notListed(rules.publish);
  if (isListed(rules.control, topic)) return undefined;
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

/** Why an agent must not send a task to the agent of that topic, or `undefined` when it may. */
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
    REPORT_FILTERS.some((report) => filtersOverlap(report, filter)) ||
    namedIn(subscribe).some((named) => filtersOverlap(named, filter));
  return bringsSomething
    ? undefined
    : "commands, tasks and answers are for those whom they are for, unless the node's policy names them";
}

/** Whether a message on `topic` is handed to an agent whose subscription matches it. */
export function mayHear({ subscribe }: TopicRules, topic: string): boolean {
  if (!isPrivate(topic) || REPORT_FILTERS.some((report) => filterMatches(report, topic))) return true;
  return isListed(namedIn(subscribe), topic);
}

/** Whether a topic, or all that a filter matches, is said to somebody, or is a report. */
function isPrivate(topic: string): boolean {
  return isControlTopic(topic) || topic.startsWith(MAIN_REPLIES);
}

/** What a policy names: `#` stands for what all may hear. */
function namedIn(subscribe: readonly string[]): readonly string[] {
  return subscribe.filter((filter) => !/^[+#]/.test(filter));
}

/**
 * Why no answer may go to `topic`, or `undefined` when it may: who asks chooses where the answer goes, and must not
 * have another command in his place. Where nodes wait for answers is what such a topic is for.
 */
export function replyRefusal(topic: string): string | undefined {
  if (filterMatches(DETECTIONS_FILTER, topic)) return "a reply must not go where detections of agents are";
  if (!isControlTopic(topic) || filterMatches(REPLY_FILTER, topic)) return undefined;
  return "control topics, below nodes/ and agents/, take no replies but nodes/{name}/reply/{request}";
}

/** The answer to a task is written by its handler: it must not land where the asker could not have written himself. */
function taskRefusal(rules: TopicRules, { own, payload }: AgentMessage): string | undefined {
  const text = textOf(payload());
  if (text !== undefined && hasTooManyParts(text)) {
    return `a task must not hold more than ${MAX_PARTS} objects, lists and texts`;
  }
  const task = text === undefined ? undefined : parseObject(text);
  if (task === undefined) return "a task for an agent must be a JSON object";
  const replyTopic = task._reply_topic ?? undefined;
  if (replyTopic === undefined) return undefined;
  const allowed = typeof replyTopic === "string" && !isReserved(replyTopic, own) &&
    isListed(rules.publish, replyTopic);
  return allowed ? undefined : "its _reply_topic is one that the agent must not publish to";
}

/** Read as strictly as a node reads it: what is anything else to another reader is refused. */
function textOf(payload: string | Uint8Array): string | undefined {
  if (typeof payload === "string") return payload;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    // No text: no task.
    return undefined;
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON: no task.
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
