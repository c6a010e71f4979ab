/** The whole run: all attacks on one field, and how node and neighbours have fared. */
import { SECRET } from "../support/prison.ts";
import type { Attack, Verdict } from "./attack.ts";
import { assault } from "./assault.ts";
import { type Field, GRANTED_SECRET, setField } from "./field.ts";
import { ownMemoryOf, settled } from "./memory.ts";
import { NEIGHBOUR, type Wellbeing, wellbeing } from "./neighbour.ts";

/** How much a runner may have grown in the end, in MiB: by code that it has compiled, and what the allocator cannot give back. */
export const ALLOWANCE_MIB = 64;
/** The runner lets go by itself, once a minute at the latest when that has brought little before. */
const SETTLING_MS = 120_000;
/** Attacks that go on at the same time. */
const WIDTH = 3;

export interface Outcome {
  readonly verdicts: readonly Verdict[];
  /** Memory of the runner's own, in MiB. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  readonly neighbours: readonly Wellbeing[];
  /** What the attacks have left behind or changed for others; empty when nothing. */
  readonly damage: readonly string[];
  readonly seconds: number;
}

/** @param tell hears each verdict as it comes */
export async function run(attacks: readonly Attack[], tell: (verdict: Verdict) => void): Promise<Outcome> {
  await using field = await setField();
  const { bus, node } = field;
  const startedAtMs = performance.now();
  const from = bus.mark();
  const before = await ownMemoryOf(node.pid);
  const verdicts: Verdict[] = [];
  const peak = await peakDuring(node.pid, () =>
    assault(field, attacks, WIDTH, (verdict) => {
      verdicts.push(verdict);
      tell(verdict);
    }));
  const after = await settled(node.pid, before + ALLOWANCE_MIB, SETTLING_MS);
  const damage = await damageTo(field);
  const neighbours = [NEIGHBOUR, "signed"].map((name) => wellbeing(bus, name, from, startedAtMs));
  const seconds = (performance.now() - startedAtMs) / 1000;
  return { verdicts, before, peak, after, neighbours, damage, seconds };
}

/** Runs `work`; resolves with the most that `pid` has held meanwhile, in MiB. */
async function peakDuring(pid: number, work: () => Promise<void>): Promise<number> {
  let peak = 0;
  const look = async () => peak = Math.max(peak, await ownMemoryOf(pid));
  const timer = setInterval(() => void look().catch(() => {}), 500);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return peak;
}

/** What must be as it was: who runs, the files of others, and that no secret has been said. */
async function damageTo({ bus, node, strict, dir }: Field): Promise<string[]> {
  const damage: string[] = [];
  for (const [{ name }, agent] of [[node, NEIGHBOUR], [strict, "signed"]] as const) {
    const { json } = await bus.ask(`nodes/${name}/list`, {});
    const list = JSON.stringify(
      json.agents.map((one: { name: string; state: string; restart_count: number }) => [
        one.name,
        one.state,
        one.restart_count,
      ]),
    );
    if (list !== JSON.stringify([[agent, "running", 0]])) damage.push(`on ${name} there run ${list}`);
    const { json: reply } = await bus.ask(`agents/by-name/${agent}/task`, { payload: name });
    if (reply?.echo !== name) damage.push(`${agent} does not answer`);
  }
  for (const secret of [SECRET, GRANTED_SECRET]) {
    const told = bus.messages.find(({ text }) => text.includes(secret));
    if (told !== undefined) damage.push(`a secret was told on ${told.topic}: ${told.text.slice(0, 200)}`);
  }
  const stolen = bus.messages.filter(({ topic }) => topic.startsWith("stolen/"));
  if (stolen.length > 0) damage.push(`stolen: ${stolen.map(({ topic }) => topic).join(", ")}`);
  damage.push(...await strangeFiles(node.stateDir, /^(agentflow_|secret\.)/));
  damage.push(
    ...await strangeFiles(
      dir,
      /^(open|deno|there|there\.txt|secret\.txt|secrets\.json|policy\.json)$/,
    ),
  );
  const kept = await Deno.readTextFile(`${node.stateDir}/secret.txt`);
  if (!kept.includes(SECRET)) damage.push("a file of another was changed");
  return damage;
}

/** Files that nobody but an attack can have made. */
async function strangeFiles(dir: string, known: RegExp): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
  return names.filter((name) => !known.test(name)).map((name) => `there is a file ${name}`);
}
