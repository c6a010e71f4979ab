/** The last log lines and errors of each agent and of the node itself, in memory, for later readers. */

export type RecentKind = "logs" | "errors";

type Json = Readonly<Record<string, unknown>>;

/** How many lines one ring holds: those of one kind, of one agent or of the node. */
const MAX_LINES = 100;
const MAX_BYTES = 20 * 1024;
const FIRST_BYTES = 512;
/** Limit for one message: a few long ones must not push out all others. */
const MAX_MESSAGE_CHARS = 2000;
/** How many ended agents' lines are kept. */
const MAX_ENDED = 32;
/** Limit for one answer, in characters of JSON: brokers limit the size of a message. */
const MAX_ANSWER_CHARS = 128 * 1024;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

interface Rings {
  readonly logs: Ring;
  readonly errors: Ring;
}

/**
 * Invariants: bounded for each agent in lines and in bytes, whatever it says; a flood of lines pushes out no error;
 * of agents that have ended only the last are kept.
 */
export class RecentLines {
  readonly #scratch = new Uint8Array(MAX_BYTES);
  readonly #own: Rings = this.#rings();
  /** The agent that has been silent longest comes first. */
  readonly #agents = new Map<string, Rings>();

  /** @param isRunning whether an agent of this name is supervised here */
  constructor(private readonly isRunning: (agent: string) => boolean) {}

  /** A line of the node itself. An error counts both as a log line and as an error. */
  addOwn(fields: Json): void {
    const line = written(fields);
    this.#own.logs.add(line);
    if (fields.type === "error") this.#own.errors.add(line);
  }

  /** @param fields of the report, without those that are the same for all of its agent */
  add(agent: string, kind: RecentKind, fields: Json): void {
    const rings = this.#agents.get(agent) ?? this.#rings();
    this.#agents.delete(agent);
    this.#agents.set(agent, rings);
    rings[kind].add(written({ agent, ...fields }));
    if (this.#agents.size > MAX_ENDED) this.#forgetEnded();
  }

  /**
   * The last lines of an agent and what the node reported about it, or the lines of all; oldest first.
   * @returns fields as in the reports, and how many lines were left out for lack of space
   */
  read(kind: RecentKind, agent?: string): { readonly lines: readonly Json[]; readonly omitted: number } {
    const own = this.#own[kind].lines;
    const lines = agent === undefined
      ? [...own, ...[...this.#agents.values()].flatMap((rings) => rings[kind].lines)]
      : [
        ...own.filter(({ child_name }) => child_name === agent),
        ...this.#agents.get(agent)?.[kind].lines ?? [],
      ];
    return newest(lines.sort((a, b) => Number(a.timestamp) - Number(b.timestamp)));
  }

  #rings(): Rings {
    return { logs: new Ring(this.#scratch), errors: new Ring(this.#scratch) };
  }

  #forgetEnded(): void {
    const ended = [...this.#agents.keys()].filter((name) => !this.isRunning(name));
    for (const name of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#agents.delete(name);
  }
}

/**
 * Lines of JSON in one piece of memory. A line that lived on as a string would be moved to the old generation of the
 * heap, where a flood of them leaves tens of MiB.
 */
class Ring {
  #bytes = new Uint8Array(FIRST_BYTES);
  readonly #lengths: number[] = [];
  #used = 0;

  /** @param scratch where a line is encoded first; shared by all rings of a node */
  constructor(private readonly scratch: Uint8Array<ArrayBuffer>) {}

  add(line: string): void {
    const { read, written: length } = ENCODER.encodeInto(line, this.scratch);
    // No agent can report so much, because its texts are cut.
    if (read < line.length) return;
    this.#makeRoom(length);
    this.#bytes.set(this.scratch.subarray(0, length), this.#used);
    this.#used += length;
    this.#lengths.push(length);
  }

  get lines(): readonly Json[] {
    let start = 0;
    return this.#lengths.map((length) => {
      start += length;
      return JSON.parse(DECODER.decode(this.#bytes.subarray(start - length, start)));
    });
  }

  #makeRoom(wanted: number): void {
    let count = 0;
    let freed = 0;
    while (this.#lengths.length - count >= MAX_LINES || this.#used - freed + wanted > MAX_BYTES) {
      freed += this.#lengths[count++] ?? 0;
    }
    if (count > 0) {
      this.#bytes.copyWithin(0, freed, this.#used);
      this.#lengths.splice(0, count);
      this.#used -= freed;
    }
    if (this.#used + wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.min(MAX_BYTES, Math.max(2 * this.#bytes.length, this.#used + wanted)));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
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
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, typeof value === "string" ? cut(value) : value]),
    ),
  );
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE_CHARS ? text : `${text.slice(0, MAX_MESSAGE_CHARS - 1)}…`;
}
