/** Formats a bus message as one line. */
import type { BusMessage } from "../../bus.ts";
import { fieldsOf, valueOf } from "../../json.ts";
import { type Colour, oneLine, paint, printable, type Terminal } from "../terminal.ts";
import { isName } from "../../../protocol/names.ts";
import { cut } from "./table.ts";
import { clockTime } from "./units.ts";

const TOPIC_WIDTH = 32;
const MAX_CODE_CHARS = 40;
const MAX_NAMES = 10_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Fields of no interest to a reader. */
const NOISE: ReadonlySet<string> = new Set([
  "timestamp",
  "actor_id",
  "node_id",
  "instance",
  "protected",
  "_jws",
]);

/** Replaces agents' ids by their names, once heard. Bounded. */
export class Names {
  readonly #byId = new Map<string, string>();

  /** `agents/17561c67-335f-…/logs` → `agents/sensor/logs`, or `agents/17561c67…/logs`. */
  shorten({ topic, payload }: BusMessage): string {
    const levels = topic.split("/");
    const id = levels.find((level) => UUID.test(level));
    if (id === undefined) return topic;
    const { name, agent } = fieldsOf(payload);
    const own = typeof name === "string" ? name : agent;
    if (isName(own) && levels[0] === "agents" && this.#byId.size < MAX_NAMES) {
      this.#byId.set(id, own);
    }
    return levels.map((level) => UUID.test(level) ? this.#byId.get(level) ?? `${level.slice(0, 8)}…` : level)
      .join("/");
  }
}

/** `12:34:56  sensors/temperature   {"value":21.5,"unit":"C"}`, cut to the terminal's width. */
export function messageLine(message: BusMessage, nowMs: number, names: Names, terminal: Terminal): string {
  const topic = oneLine(names.shorten(message)).padEnd(TOPIC_WIDTH);
  const kept = message.retained ? "(kept) " : "";
  const line = cut(
    `${clockTime(nowMs)}  ${topic}  ${kept}${payloadText(message.payload)}`,
    terminal.columns(),
  );
  return paint(terminal, colourOf(message.topic), line);
}

/** The message for `--json`; binary payloads in base64. */
export function messageJson({ topic, payload, retained }: BusMessage): Readonly<Record<string, unknown>> {
  const value = valueOf(payload);
  return value === undefined
    ? { topic, retained, base64: payload.toBase64() }
    : { topic, retained, payload: value };
}

/** JSON without fields of no interest; text unchanged; otherwise only the size. */
export function payloadText(payload: Uint8Array): string {
  if (payload.length === 0) return "(empty: clears what was kept)";
  const value = valueOf(payload);
  if (value === undefined) return `(${payload.length} bytes)`;
  const words = typeof value === "string"
    ? value
    : JSON.stringify(value, (key, inner) => NOISE.has(key) ? undefined : abridged(key, inner));
  return printable(words).replace(/\s+/g, " ");
}

function abridged(key: string, value: unknown): unknown {
  if (key !== "code" || typeof value !== "string" || value.length <= MAX_CODE_CHARS) return value;
  return `(${value.length} characters)`;
}

/** Highlights readings, and dims heartbeats and metrics. */
function colourOf(topic: string): Colour | undefined {
  if (/\/errors$/.test(topic)) return "red";
  if (topic.endsWith("/alert")) return "yellow";
  if (/\/(heartbeat|metrics|status|manifest)$/.test(topic)) return "grey";
  if (topic.endsWith("/logs")) return "cyan";
  return /^(agents|nodes|main)\//.test(topic) ? undefined : "green";
}
