/** A run: fault after fault, each followed by a look at what it has cost. */
import { AGENTS } from "./agents.ts";
import type { BrokerKind } from "./broker.ts";
import { describe, type Fault, groupOf, type Only, scheduleOf } from "./faults.ts";
import { Field, type Outbox } from "./field.ts";
import { inject } from "./inject.ts";
import type { Counts } from "./ledger.ts";
import { recover } from "./recovery.ts";

export interface RunOptions {
  readonly seed: number;
  readonly faults: number;
  /** No fault begins later than this. */
  readonly seconds: number;
  readonly outbox: Outbox;
  readonly broker: BrokerKind;
  /** Which faults; `undefined`: all. */
  readonly only?: Only | undefined;
  /** Hears of every fault. */
  readonly say: (line: string) => void;
}

/** One row: faults of a kind. */
export interface Group {
  faults: number;
  longestMs: number;
}

export interface RunResult {
  readonly broker: string;
  readonly seconds: number;
  readonly groups: ReadonlyMap<string, Group>;
  readonly counts: Counts;
  readonly orphans: number;
  readonly agentsLost: number;
  /** Each with the fault that it followed. */
  readonly violations: readonly string[];
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, faults, seconds, outbox, broker, only, say } = options;
  const startedMs = performance.now();
  const groups = new Map<string, Group>();
  const violations: string[] = [];
  let orphans = 0;
  let agentsLost = 0;
  await using field = await Field.start(outbox, broker);
  await recover(field, { killed: [], atMs: performance.now() });
  for (const [index, fault] of scheduleOf(seed, faults, only).entries()) {
    if (performance.now() - startedMs > seconds * 1000) break;
    field.bus.forget();
    const found = await suffer(field, fault);
    const name = `#${index + 1} ${describe(fault)}`;
    say(`${name}: ${(found.ms / 1000).toFixed(2)} s`);
    orphans += found.orphans;
    agentsLost += found.agentsLost;
    const group = groups.get(groupOf(fault)) ?? { faults: 0, longestMs: 0 };
    groups.set(groupOf(fault), {
      faults: group.faults + 1,
      longestMs: Math.max(group.longestMs, found.ms),
    });
    violations.push(...found.violations.map((violation) => `${name}: ${violation}`));
    if (found.violations.length > 0) explain(field, found.violations, say);
    // Whatever followed would only repeat it.
    if (found.agentsLost > 0) break;
  }
  return {
    broker: field.broker.kind,
    seconds: (performance.now() - startedMs) / 1000,
    groups,
    counts: total(field),
    orphans,
    agentsLost,
    violations,
  };
}

async function suffer(field: Field, fault: Fault) {
  try {
    return await recover(field, await inject(field, fault));
  } catch (error) {
    return { ms: 0, orphans: 0, agentsLost: 1, violations: [(error as Error).message] };
  }
}

/** What was said and logged around a violation. */
function explain(field: Field, violations: readonly string[], say: (line: string) => void): void {
  for (const violation of violations) say(`  VIOLATION: ${violation}`);
  const isOfInterest = (topic: string) =>
    !topic.startsWith("chaos/") && !/\/(metrics|list|agents)$/.test(topic);
  const said = field.bus.messages.filter(({ topic }) => isOfInterest(topic)).slice(-60);
  for (const { topic, text, atMs } of said) {
    say(`    ${atMs.toFixed(0)} ${topic} ${text.replace(/"code":"[^]*?",/, "").slice(0, 240)}`);
  }
  for (const line of field.log) say(`    ${line}`);
}

function total(field: Field): Counts {
  const all = AGENTS.map(({ name }) => field.ledgers.get(name)?.counts).filter((counts) =>
    counts !== undefined
  );
  const sum = (key: keyof Counts) => all.reduce((so_far, counts) => so_far + counts[key], 0);
  return {
    messages: sum("messages"),
    lost: sum("lost"),
    lostWithRunner: sum("lostWithRunner"),
    resent: sum("resent"),
    repeated: sum("repeated"),
    reordered: sum("reordered"),
    overtaken: sum("overtaken"),
    stateLost: sum("stateLost"),
    doubled: sum("doubled"),
  };
}
