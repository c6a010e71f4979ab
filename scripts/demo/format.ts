/** The demo's live view: one message of the wire as one line. Pure. */
import { type Arrival, asObject } from "./arrival.ts";

export interface View {
  /** Whether the reader's terminal shows colours. */
  readonly colour: boolean;
  /** Characters in a line; longer ones are cut. */
  readonly width: number;
}

const TOPIC_WIDTH = 36;
/** Fields of no interest to a reader. */
const NOISE: ReadonlySet<string> = new Set(["timestamp", "actor_id", "node_id", "instance", "protected"]);
/** Fields that the topic already contains. */
const NOISE_OF_AGENTS: ReadonlySet<string> = new Set([...NOISE, "agent", "name", "node"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_CODE_CHARS = 40;

const COLOURS = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90 } as const;
type Colour = keyof typeof COLOURS;

/** Replaces ids by names, once they are known. */
export class Names {
  readonly #byId = new Map<string, string>();

  /** Learns from messages that have a name and its id. */
  learn({ payload }: Arrival): void {
    const { actor_id, name } = asObject(payload);
    if (typeof actor_id === "string" && typeof name === "string") this.#byId.set(actor_id, name);
  }

  /** `agents/17561c67-335f-…/heartbeat` → `agents/sensor/heartbeat`, or `agents/17561c67…/heartbeat`. */
  shorten(topic: string): string {
    const levels = topic.split("/").map((level) =>
      UUID.test(level) ? this.#byId.get(level) ?? `${level.slice(0, 8)}…` : level
    );
    return levels.join("/");
  }
}

/** `12:34:56  sensors/temperature   {"value":21.5,"unit":"C"}` */
export function formatArrival(arrival: Arrival, at: Date, names: Names, view: View): string {
  names.learn(arrival);
  const time = at.toTimeString().slice(0, 8);
  const topic = printable(names.shorten(arrival.topic)).padEnd(TOPIC_WIDTH);
  const noise = arrival.topic.startsWith("agents/") ? NOISE_OF_AGENTS : NOISE;
  const line = cut(`${time}  ${topic}  ${formatPayload(arrival.payload, noise)}`, view.width);
  const colour = colourOf(arrival.topic);
  return view.colour && colour !== undefined ? `\x1b[${COLOURS[colour]}m${line}\x1b[0m` : line;
}

/** JSON without fields of no interest; text in quotes; the size of anything else. */
export function formatPayload(payload: Uint8Array, noise: ReadonlySet<string> = NOISE): string {
  if (payload.length === 0) return "(empty: clears the retained message)";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    return `(${payload.length} bytes)`;
  }
  try {
    return printable(
      JSON.stringify(JSON.parse(text), (key, value) => noise.has(key) ? undefined : abridge(key, value)),
    );
  } catch {
    // Plain text.
    return printable(JSON.stringify(text));
  }
}

function abridge(key: string, value: unknown): unknown {
  if (key !== "code" || typeof value !== "string" || value.length <= MAX_CODE_CHARS) return value;
  return `(${value.length} characters)`;
}

/** Emphasizes readings and dims heartbeats. */
function colourOf(topic: string): Colour | undefined {
  if (/\/(errors|migrate_result)$/.test(topic)) return "red";
  if (topic.endsWith("/alert")) return "yellow";
  if (/\/(heartbeat|metrics|status|manifest)$/.test(topic)) return "grey";
  if (topic.endsWith("/logs")) return "cyan";
  return /^(agents|nodes)\//.test(topic) ? undefined : "green";
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length <= width ? line : `${characters.slice(0, width - 1).join("")}…`;
}

/** Text from others must not move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\uFFFD");
}
