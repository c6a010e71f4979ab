/** A conversation of a main machine with a node, as it was recorded once, held again with a node of today. */
import mqtt, { type MqttClient } from "mqtt";
import { Mosquitto } from "./brokers.ts";
import { NodeProcess } from "./node_process.ts";

// deno-lint-ignore no-explicit-any -- payloads of every shape are compared
export type Json = any;

/** What one message says, without what is another at each time. */
export interface Line {
  readonly topic: string;
  /** As its publisher has set it. */
  readonly retain: boolean;
  /** The payload as JSON, or as text where it is none. */
  readonly value: Json;
}

/** One row of a recording. */
type Row =
  | { readonly start: string }
  | { readonly signal: Deno.Signal; readonly node: string }
  | { readonly main: string; readonly retain: boolean; readonly text: string }
  | { readonly node: string; readonly retain: boolean; readonly text: string };

/** What `replay` has heard and what the recording has, by topic. A line that repeats the one before it counts once. */
export interface Heard {
  readonly theirs: Map<string, Line[]>;
  readonly ours: Map<string, Line[]>;
  /** Lines of theirs that were waited for in vain. */
  readonly awaited: readonly Line[];
}

const PATIENCE_MS = 20_000;
const MEASURED = new Set(["cpu", "memory_mb", "t", "ms", "uptime", "queue", "dropped", "pid"]);

/** Times, measured values, counters and the names of requests are another each time: what is left of them is their kind. */
export function normalise(topic: string, retain: boolean, text: string): Line {
  const request = (name: string) => name.replace(/(?<=\/reply\/)[0-9a-f]{8,}$/, "<request>");
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (key === "timestamp" && typeof inner === "number" && inner > 1e9 && inner < 1e10) {
          return [key, "<seconds>"];
        }
        if (MEASURED.has(key) && typeof inner === "number") return [key, "<measured>"];
        if (key === "n" && typeof inner === "number") return [key, "<count>"];
        if (key === "instance" && typeof inner === "string") return [key, "<instance>"];
        if (key === "_reply_topic") return [key, request(String(inner))];
        return [key, visit(inner)];
      }),
    );
  };
  return { topic: request(topic), retain, value: visit(parse(text)) };
}

/** Whether `ours` says what `theirs` says; fields of its own do not matter. */
export function says(ours: Json, theirs: Json): boolean {
  if (typeof theirs !== "object" || theirs === null) return ours === theirs;
  if (typeof ours !== "object" || ours === null || Array.isArray(ours) !== Array.isArray(theirs)) {
    return false;
  }
  if (Array.isArray(theirs) && theirs.length !== ours.length) return false;
  return Object.keys(theirs).every((key) => key in ours && says(ours[key], theirs[key]));
}

/** What two have said on one topic. */
export interface Comparison {
  /** What only one of them has said: `-` theirs, `+` ours. */
  readonly alone: readonly [sign: "-" | "+", line: Line][];
  readonly both: readonly [theirs: Line, ours: Line][];
}

/** Compares by the longest sequence that both have. What is not a report of a node or an agent must be the same exactly. */
export function compare(theirs: readonly Line[], ours: readonly Line[]): Comparison {
  const fits = (a: number, b: number) => {
    const [old, now] = [theirs[a], ours[b]];
    if (old === undefined || now === undefined || old.retain !== now.retain) return false;
    return says(now.value, old.value) && (/^(nodes|agents)\//.test(old.topic) || says(old.value, now.value));
  };
  const longest = Array.from({ length: theirs.length + 1 }, () => new Array<number>(ours.length + 1).fill(0));
  const at = (a: number, b: number) => longest[a]?.[b] ?? 0;
  for (let a = theirs.length - 1; a >= 0; a--) {
    for (let b = ours.length - 1; b >= 0; b--) {
      const row = longest[a];
      if (row) row[b] = fits(a, b) ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1));
    }
  }
  const alone: [sign: "-" | "+", line: Line][] = [];
  const both: [theirs: Line, ours: Line][] = [];
  for (let [a, b] = [0, 0]; a < theirs.length || b < ours.length;) {
    const [old, now] = [theirs[a], ours[b]];
    if (old !== undefined && now !== undefined && fits(a, b)) {
      both.push([old, now]);
      [a, b] = [a + 1, b + 1];
    } else if (old !== undefined && (now === undefined || at(a + 1, b) >= at(a, b + 1))) {
      alone.push(["-", old]);
      a += 1;
    } else if (now !== undefined) {
      alone.push(["+", now]);
      b += 1;
    }
  }
  return { alone, both };
}

/**
 * Plays the main machine's side, in its order: each command once all that the recorded node said before it has been said.
 * @param recording path of the rows
 * @param adapt a line as it is compared, or `undefined` when it is not
 * @param missing whether their line is one that ours does not say; if so, what it says instead is waited for, if anything
 * @param isComplete whether all has been heard that is waited for at the end
 */
export async function replay(
  recording: string,
  adapt: (line: Line, whose: "theirs" | "ours") => Line | undefined,
  missing: (line: Line) => { readonly instead: boolean } | undefined,
  isComplete: (heard: Heard) => boolean,
): Promise<Heard> {
  const rows = (await Deno.readTextFile(recording)).trim().split("\n").map((row) => JSON.parse(row) as Row);
  await using broker = await Mosquitto.start();
  await using listener = await Listener.connect(broker.port, (line) => adapt(line, "ours"));
  await using nodes = new Nodes(broker.port);
  const theirs = new Map<string, Line[]>();
  const awaited: Line[] = [];
  for (const row of rows) {
    if ("start" in row) nodes.start(row.start);
    else if ("signal" in row) await nodes.end(row.node, row.signal);
    else if ("main" in row) await listener.publish(row.main, row.text, row.retain);
    else {
      const line = adapt(normalise(row.node, row.retain, row.text), "theirs");
      if (line === undefined) continue;
      if (!append(theirs, line)) continue;
      const other = missing(line);
      if (other === undefined) {
        const times = count(theirs, line);
        if (!await listener.until(() => count(listener.lines, line) >= times)) awaited.push(line);
      } else if (other.instead && !await listener.until(() => listener.lines.has(line.topic))) {
        awaited.push(line);
      }
    }
  }
  const heard = { theirs, ours: listener.lines, awaited };
  await listener.until(() => isComplete(heard));
  return heard;
}

/** @returns whether it says anything new */
function append(lines: Map<string, Line[]>, line: Line): boolean {
  const before = lines.get(line.topic) ?? [];
  const last = before.at(-1);
  if (last !== undefined && JSON.stringify(last) === JSON.stringify(line)) return false;
  // One manifest that grows, in however many steps.
  if (last !== undefined && line.topic.endsWith("/manifest") && grows(last.value, line.value)) before.pop();
  lines.set(line.topic, [...before, line]);
  return true;
}

/** How often it has been said; of a manifest that grows, also a later one. */
function count(lines: ReadonlyMap<string, readonly Line[]>, line: Line): number {
  return (lines.get(line.topic) ?? [])
    .filter(({ value }) => says(value, line.value) || grows(line.value, value)).length;
}

/** Fields that `after` adds do not matter. */
function grows(before: Json, after: Json): boolean {
  if (!Array.isArray(before?.publishes) || !Array.isArray(after?.publishes)) return false;
  return before.publishes.every((topic: string) => after.publishes.includes(topic)) &&
    says({ ...after, publishes: [] }, { ...before, publishes: [] });
}

/** Hears everything, with the flags of the publisher. */
class Listener implements AsyncDisposable {
  readonly lines = new Map<string, Line[]>();
  readonly #own = new Set<string>();
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly client: MqttClient) {}

  static async connect(port: number, adapt: (line: Line) => Line | undefined): Promise<Listener> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
    const listener = new Listener(client);
    client.on("message", (topic, payload, { retain }) => {
      const text = payload.toString();
      if (listener.#own.delete(`${topic} ${text}`)) return;
      const line = adapt(normalise(topic, retain, text));
      if (line !== undefined) append(listener.lines, line);
      for (const look of [...listener.#waiting]) look();
    });
    await client.subscribeAsync("#", { qos: 1, rap: true });
    return listener;
  }

  async publish(topic: string, text: string, retain: boolean): Promise<void> {
    this.#own.add(`${topic} ${text}`);
    await this.client.publishAsync(topic, text, { qos: 1, retain });
  }

  /** Resolves when `isHeard`, or after a while. @returns whether it is */
  async until(isHeard: () => boolean): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (isHeard()) resolve();
    };
    this.#waiting.add(look);
    const timer = setTimeout(resolve, PATIENCE_MS);
    look();
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(look);
    return isHeard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync();
  }
}

/** The nodes of a recording. */
class Nodes implements AsyncDisposable {
  readonly #running = new Map<string, Promise<NodeProcess>>();
  readonly #stateDirs: string[] = [];

  constructor(private readonly port: number) {}

  start(name: string): void {
    const stateDir = Deno.makeTempDirSync({ prefix: "agentflow-replay-" });
    this.#stateDirs.push(stateDir);
    this.#running.set(name, NodeProcess.start({ port: this.port, name, stateDir }));
  }

  async end(name: string, signal: Deno.Signal): Promise<void> {
    await (await this.#running.get(name))?.end(signal);
    this.#running.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.end(name, "SIGKILL");
    for (const folder of this.#stateDirs) await Deno.remove(folder, { recursive: true });
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
