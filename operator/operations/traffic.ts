/** Filters bus traffic for display. Pure. */
import { filterMatches } from "../../protocol/topics.ts";
import { actorId } from "../../protocol/ids.ts";
import { fieldsOf } from "../json.ts";
import type { BusMessage } from "../bus.ts";

export interface TrafficFilter {
  /** Topic filters; a message must match at least one. */
  readonly topics: readonly string[];
  readonly agent: string | undefined;
  /** Names; `undefined`: all. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Text in the topic or the payload; case-insensitive. */
  readonly text: string | undefined;
  /** Whether to include heartbeats and other signs of life, which arrive all the time. */
  readonly heartbeats: boolean;
}

const NODE_FIELDS = ["node", "from_node", "to_node"];
const SIGN_OF_LIFE = /\/(heartbeat|metrics)$/;

/** Whether `message` passes the filter. */
export function isWanted(filter: TrafficFilter, message: BusMessage): boolean {
  const { topic } = message;
  if (!filter.heartbeats && SIGN_OF_LIFE.test(topic)) return false;
  if (!filter.topics.some((wanted) => filterMatches(wanted, topic))) return false;
  if (filter.agent !== undefined && !isAbout(message, filter.agent, ["name", "agent", "child_name"])) {
    return false;
  }
  const { nodes } = filter;
  if (nodes !== undefined && ![...nodes].some((node) => isAbout(message, node, NODE_FIELDS))) return false;
  return filter.text === undefined || includes(message, filter.text);
}

/** By its topic or its payload. */
function isAbout({ topic, payload }: BusMessage, name: string, keys: readonly string[]): boolean {
  const levels = topic.split("/");
  if (levels.includes(name) || levels.includes(actorId(name))) return true;
  const fields = fieldsOf(payload);
  return keys.some((key) => fields[key] === name);
}

function includes({ topic, payload }: BusMessage, text: string): boolean {
  const wanted = text.toLowerCase();
  return topic.toLowerCase().includes(wanted) ||
    new TextDecoder().decode(payload).toLowerCase().includes(wanted);
}
