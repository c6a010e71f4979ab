/** Keeps account of what one agent has said: nothing acknowledged may be missing, nothing kept may be forgotten. Pure. */
import type { Acknowledged, Habit, Said } from "./agents.ts";

/** What is counted, over the whole run. */
export interface Counts {
  /** Different numbers that came. */
  readonly messages: number;
  /** Acknowledged, and never came. */
  readonly lost: number;
  /** Of a runner that was killed, and kept its outbox in memory: acknowledged by it alone. */
  readonly lostWithRunner: number;
  /** The same message again: sent anew after an outage. */
  readonly resent: number;
  /** The same number from two instances: published again after a crash between publish and persist. */
  readonly repeated: number;
  /** Behind a later number of the same instance. */
  readonly reordered: number;
  /** Behind a number of a later instance: its message waited for a link while the agent went on elsewhere. */
  readonly overtaken: number;
  readonly stateLost: number;
  readonly doubled: number;
}

interface Instance {
  readonly nonce: string;
  readonly node: string;
  readonly recalled: number;
  kept: number;
  firstMs: number;
  lastMs: number;
  /** Its highest number that came. */
  highest: number;
}

/** So many instances back an overlap is looked for. */
const REMEMBERED = 12;

/** So many violations are told at a time; all are counted. */
const MAX_TOLD = 5;

export class Ledger {
  readonly #came = new Map<number, string>();
  /** Acknowledged, not here yet. */
  readonly #owed = new Map<number, Acknowledged>();
  /** By instance: up to which number it is known what is acknowledged. */
  readonly #told = new Map<string, number>();
  readonly #instances = new Map<string, Instance>();
  readonly #judged = new Set<string>();
  #highest = 0;
  #counts = {
    messages: 0,
    lost: 0,
    lostWithRunner: 0,
    resent: 0,
    repeated: 0,
    reordered: 0,
    overtaken: 0,
    stateLost: 0,
    doubled: 0,
  };
  #violations: string[] = [];

  constructor(readonly agent: string, private readonly habit: Habit) {}

  get counts(): Counts {
    return this.#counts;
  }

  /** Whether nothing more can come; see `close`. */
  isSettled(alive: string, killed: readonly string[]): boolean {
    return [...this.#owed.values()].every((owed) => isExcused(owed, alive, killed));
  }

  /** A numbered message came. */
  came(said: Said): void {
    const instance = this.#instanceOf(said);
    instance.firstMs = Math.min(instance.firstMs, said.at);
    instance.lastMs = Math.max(instance.lastMs, said.at);
    this.#count(said, instance);
    this.#owed.delete(said.n);
    this.#owe(said.acknowledged);
  }

  /** The agent has answered a task. */
  answered(said: Omit<Said, "n" | "at">): void {
    this.#instanceOf(said);
    this.#owe(said.acknowledged);
  }

  /**
   * A fault is over, and everything that could come has come.
   * @param alive nonce of the instance that runs now
   * @param killed nodes whose runner was killed with its outbox in memory
   * @returns what went wrong, in words
   */
  close(alive: string, killed: readonly string[]): string[] {
    for (const [n, owed] of this.#owed) {
      const { nonce, node } = owed;
      if (isExcused(owed, alive, killed)) this.#counts.lostWithRunner += 1;
      else this.#violate("lost", `message ${n} of instance ${nonce} on ${node} was acknowledged and is lost`);
    }
    this.#owed.clear();
    this.#judgeInstances();
    const found = this.#violations.splice(0);
    const left = found.length - MAX_TOLD;
    return left > 0 ? [...found.slice(0, MAX_TOLD), `agent '${this.agent}': and ${left} more`] : found;
  }

  #count({ n, nonce }: Said, instance: Instance): void {
    const earlier = this.#came.get(n);
    if (earlier === nonce) return void (this.#counts.resent += 1);
    if (earlier !== undefined) {
      this.#counts.repeated += 1;
      if (this.habit === "persists first") {
        this.#violate("stateLost", `number ${n} was used by ${earlier}, and again by ${nonce}`);
      }
      return;
    }
    this.#came.set(n, nonce);
    this.#counts.messages += 1;
    if (n < instance.highest) {
      this.#violate("reordered", `message ${n} of ${nonce} came after ${instance.highest}`);
    } else if (n < this.#highest) this.#counts.overtaken += 1;
    instance.highest = Math.max(instance.highest, n);
    this.#highest = Math.max(this.#highest, n);
  }

  #owe(acknowledged: Acknowledged | null): void {
    if (acknowledged === null) return;
    const { nonce, from, to } = acknowledged;
    for (let n = Math.max(from, (this.#told.get(nonce) ?? 0) + 1); n <= to; n++) {
      if (!this.#came.has(n)) this.#owed.set(n, acknowledged);
    }
    this.#told.set(nonce, Math.max(to, this.#told.get(nonce) ?? 0));
  }

  #instanceOf({ nonce, node, recalled, kept }: Omit<Said, "n" | "at">): Instance {
    const instance = this.#instances.get(nonce) ??
      { nonce, node, recalled, kept, firstMs: Infinity, lastMs: -Infinity, highest: 0 };
    instance.kept = Math.max(instance.kept, kept);
    this.#instances.set(nonce, instance);
    return instance;
  }

  /** Instances that have called `process()`, in the order they began. */
  #judgeInstances(): void {
    const instances = [...this.#instances.values()].filter(({ firstMs }) => firstMs < Infinity)
      .sort((a, b) => a.firstMs - b.firstMs).slice(-REMEMBERED);
    instances.forEach((later, index) => {
      for (const earlier of instances.slice(0, index)) this.#judge(earlier, later);
    });
  }

  #judge(earlier: Instance, later: Instance): void {
    const pair = `${earlier.nonce} on ${earlier.node} and ${later.nonce} on ${later.node}`;
    if (later.firstMs < earlier.lastMs && this.#isNew(`doubled ${pair}`)) {
      const overlapMs = Math.min(earlier.lastMs, later.lastMs) - later.firstMs;
      this.#violate("doubled", `instances ${pair} called process() at the same time, for ${overlapMs} ms`);
    }
    if (later.recalled < earlier.kept && this.#isNew(`lost ${pair}`)) {
      this.#violate(
        "stateLost",
        `${earlier.nonce} on ${earlier.node} had persisted ${earlier.kept}, ${later.nonce} on ${later.node} recalled ${later.recalled}`,
      );
    }
  }

  /** Each finding counts once. */
  #isNew(finding: string): boolean {
    if (this.#judged.has(finding)) return false;
    this.#judged.add(finding);
    return true;
  }

  #violate(kind: "lost" | "reordered" | "stateLost" | "doubled", message: string): void {
    this.#counts[kind] += 1;
    this.#violations.push(`agent '${this.agent}': ${message}`);
  }
}

/** Whether a message has gone with a runner that kept it in memory. */
function isExcused({ nonce, node }: Acknowledged, alive: string, killed: readonly string[]): boolean {
  return killed.includes(node) && nonce !== alive;
}
