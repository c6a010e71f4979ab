/** What the runner reads from an agent's stdout: untrusted lines, each checked before it counts as a frame. */
import { isDeviceRequest } from "./devices/requests.ts";
import { AGENT_PHASES, type AgentFrame, LOG_LEVELS, SEVERITIES } from "./frames.ts";
import { hasTooManyParts, nestsTooDeep, parseExactly } from "./json.ts";
import { DECIDED } from "./language.ts";
import { isMeasured, isSwitchState } from "./readings.ts";

type Fields = Readonly<Record<string, unknown>>;

const FRAME_START = '{"t":';
const PUBLISH_START = `${FRAME_START}"publish",`;

/** Whether a line is a frame with too many parts, which must not be parsed. */
export function isTooIntricate(line: string): boolean {
  return line.startsWith(FRAME_START) && hasTooManyParts(line);
}

/** Reads a line from an agent's stdout; `undefined` when it is not a well-formed frame. */
export function parseAgentFrame(line: string): AgentFrame | undefined {
  if (!line.startsWith(FRAME_START)) return undefined;
  let value: unknown;
  try {
    // The payload of a publish frame is itself JSON text.
    value = line.startsWith(PUBLISH_START) ? JSON.parse(line) : parseExactly(line);
  } catch {
    // Not a frame: the caller reports the line as output of the agent.
    return undefined;
  }
  return fits(value as Fields) ? value as AgentFrame : undefined;
}

function fits(f: Fields): boolean {
  switch (f.t) {
    case "publish":
      return isString(f.topic) && (f.qos === 1 || f.qos === 0 || f.qos === 2) &&
        typeof f.retain === "boolean" && (f.local === undefined || (f.local === true && !f.retain)) &&
        (isString(f.text) ? f.base64 === undefined : f.text === undefined && isString(f.base64));
    case "log":
      return isString(f.message) && isOneOf(LOG_LEVELS, f.level);
    case "alert":
      return isString(f.message) && isOneOf(SEVERITIES, f.severity);
    case "processed":
    case "held":
    case "ready":
      return true;
    case "loaded":
      return typeof f.process === "boolean" && (f.language === undefined || isOneOf(DECIDED, f.language));
    case "error":
      return isString(f.error) && isString(f.traceback) && isOneOf(AGENT_PHASES, f.phase) &&
        isCount(f.consecutive);
    case "result":
    case "detection":
      return isData(f, "data");
    case "reading":
      return isMeasured(f);
    case "switch":
      return isSwitchState(f);
    case "status":
      return isString(f.text);
    case "send_to":
      return isCount(f.id) && isString(f.to) && isData(f, "payload") && isDuration(f.timeout_ms);
    case "subscribe":
      return isCount(f.id) && isString(f.filter);
    case "unsubscribe":
      return isCount(f.id);
    case "device":
      return isCount(f.id) && isDeviceRequest(f.request);
    case "task_done":
      return isCount(f.id) && isData(f, "value");
    case "task_failed":
      return isCount(f.id) && isString(f.error) && isString(f.traceback);
    case "pong":
      return isCount(f.n);
    default:
      return false;
  }
}

/** Whether `key` exists and can be sent on. */
function isData(f: Fields, key: string): boolean {
  return key in f && !nestsTooDeep(f[key]);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isOneOf<T>(list: readonly T[], value: unknown): value is T {
  return list.includes(value as T);
}
