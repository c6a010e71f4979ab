/** The last lines and errors of each agent and of the node itself, in memory, for those who come after they were said. */

export type RecentKind = "logs" | "errors";

type Json = Readonly<Record<string, unknown>>;

/** What is kept in one ring: of one agent, or of the node, of one kind. */
const MAX_LINES = 100;
const MAX_CHARS = 16 * 1024;
/** Of one message: a few long ones must not push out all others. */
const MAX_MESSAGE_CHARS = 2000;
/** Agents that have ended, whose lines are still there. */
const MAX_ENDED = 32;
/** Of one answer, characters of JSON: brokers limit the size of a message. */
const MAX_ANSWER_CHARS = 128 * 1024;

interface Rings {
  readonly logs: Ring;
  readonly errors: Ring;
}

/**
 * Invariants: bounded for each agent in lines and in characters, whatever it says; a flood of lines pushes out no error;
 * of agents that have ended only the last are kept.
 */
export class RecentLines {
  readonly #own: Rings = { logs: new Ring(), errors: new Ring() };
  /** The one that has been silent for the longest time comes first. */
  readonly #agents = new Map<string, Rings>();

  /** @param isRunning whether an agent of this name is supervised here */
  constructor(private readonly isRunning: (agent: string) => boolean) {}

  /** The node itself has said something; its errors are both. */
  addOwn(fields: Json): void {
    const line = written(fields);
    this.#own.logs.add(line);
    if (fields.type === "error") this.#own.errors.add(line);
  }

  /** @param fields of the report, without those that are the same for all of its agent */
  add(agent: string, kind: RecentKind, fields: Json): void {
    const rings = this.#agents.get(agent) ?? { logs: new Ring(), errors: new Ring() };
    this.#agents.delete(agent);
    this.#agents.set(agent, rings);
    rings[kind].add(written({ agent, ...fields }));
    if (this.#agents.size > MAX_ENDED) this.#forgetEnded();
  }

  /**
   * The last lines of an agent, with what the node has said of it, or of all; the oldest first.
   * @returns fields as in the reports, and how many lines are not among them for want of room
   */
  read(kind: RecentKind, agent?: string): { readonly lines: readonly Json[]; readonly omitted: number } {
    const own = this.#own[kind].lines.map(parsed);
    const lines = agent === undefined
      ? [...own, ...[...this.#agents.values()].flatMap((rings) => rings[kind].lines.map(parsed))]
      : [
        ...own.filter(({ child_name }) => child_name === agent),
        ...this.#agents.get(agent)?.[kind].lines.map(parsed) ?? [],
      ];
    return newest(lines.sort((a, b) => Number(a.timestamp) - Number(b.timestamp)));
  }

  #forgetEnded(): void {
    const ended = [...this.#agents.keys()].filter((name) => !this.isRunning(name));
    for (const name of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#agents.delete(name);
  }
}

class Ring {
  /** As JSON: one flat text each, which holds on to nothing larger that it was cut from. */
  readonly lines: string[] = [];
  #chars = 0;

  add(line: string): void {
    this.lines.push(line);
    this.#chars += line.length;
    while (this.lines.length > MAX_LINES || (this.#chars > MAX_CHARS && this.lines.length > 1)) {
      this.#chars -= this.lines.shift()?.length ?? 0;
    }
  }
}

function newest(lines: readonly Json[]) {
  let room = MAX_ANSWER_CHARS;
  let first = lines.length;
  while (first > 0) {
    room -= JSON.stringify(lines[first - 1]).length;
    if (room < 0) break;
    first--;
  }
  return { lines: lines.slice(first), omitted: first };
}

function written(fields: Json): string {
  return JSON.stringify(fields, (_key, value) => typeof value === "string" ? cut(value) : value);
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE_CHARS ? text : `${text.slice(0, MAX_MESSAGE_CHARS - 1)}…`;
}

function parsed(line: string): Json {
  return JSON.parse(line);
}
