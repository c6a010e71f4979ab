/** What can go wrong, and when: the schedule comes from a seed alone. Pure. */
import type { Direction } from "../support/link_proxy.ts";
import { Random } from "../support/random.ts";
import { AGENTS } from "./agents.ts";

export const NODES = ["a", "b"] as const;
export type NodeName = typeof NODES[number];

/** Steps of a migration, as they are seen on the wire. */
export const STEPS = ["command", "probe", "spawn", "running", "decision", "result"] as const;
export type Step = typeof STEPS[number];

/** Who is hit at a step; `agent`: the process that is about to move. */
export const VICTIMS = ["source", "target", "broker", "agent", "source link", "target link"] as const;
export type Victim = typeof VICTIMS[number];

/** Where a roll-out is, when something happens to it. */
export const WAVES = [0, 1] as const;
export const PHASES = ["changing", "soaking"] as const;
export interface Moment {
  readonly wave: typeof WAVES[number];
  readonly phase: typeof PHASES[number];
}

/** What happens to a fleet. */
export type FleetFault =
  | { readonly kind: "fleet: operator killed in a wave"; readonly at: Moment }
  | { readonly kind: "fleet: broker killed in a wave"; readonly at: Moment; readonly ms: number }
  | { readonly kind: "fleet: node away"; readonly node: NodeName; readonly generations: number }
  | {
    readonly kind: "fleet: clock wrong by an hour";
    readonly whose: NodeName | "operator";
    readonly hours: -1 | 1;
  };

/** How long something is away, or how long until the next thing happens, in `ms`. */
export type Fault =
  | FleetFault
  | { readonly kind: "broker killed"; readonly ms: number }
  | { readonly kind: "broker killed again and again"; readonly upMs: readonly number[] }
  | { readonly kind: "broker stopped"; readonly ms: number }
  | { readonly kind: "runner killed"; readonly node: NodeName; readonly ms: number }
  | { readonly kind: "runner killed while it starts"; readonly node: NodeName; readonly ms: number }
  | { readonly kind: "runner killed in an outage"; readonly node: NodeName; readonly ms: number }
  | { readonly kind: "agent killed"; readonly agent: string }
  | { readonly kind: "link cut"; readonly node: NodeName; readonly ms: number }
  | {
    readonly kind: "link stalled";
    readonly node: NodeName;
    readonly ms: number;
    readonly direction: Direction;
  }
  | {
    readonly kind: "link stalled, then cut";
    readonly node: NodeName;
    readonly ms: number;
    readonly direction: Direction;
  }
  | { readonly kind: "power cut"; readonly brokerMs: number }
  | {
    readonly kind: "migration";
    readonly agent: string;
    readonly step: Step;
    readonly victim: Victim;
    /** A second blow, while the first is still felt. */
    readonly also?: { readonly victim: Victim; readonly afterMs: number };
    readonly ms: number;
  };

const ANY_DIRECTION = ["up", "down", "both"] as const;

/** How many of the faults in a migration do not come alone. */
const SECOND_BLOW = 0.4;

type Draw = (random: Random) => Fault;

const agentOf = (random: Random): string => random.pick(AGENTS).name;

/** Faults outside migrations: each this often in a round. */
const PLAIN: readonly (readonly [number, Draw])[] = [
  [3, (random) => ({ kind: "broker killed", ms: random.between(0, 1500) })],
  [2, (random) => ({
    kind: "broker killed again and again",
    upMs: Array.from({ length: random.between(3, 5) }, () => random.between(0, 300)),
  })],
  [2, (random) => ({ kind: "broker stopped", ms: random.between(200, 2500) })],
  [4, (random) => ({ kind: "runner killed", node: random.pick(NODES), ms: random.between(0, 800) })],
  [2, (random) => ({
    kind: "runner killed while it starts",
    node: random.pick(NODES),
    ms: random.between(100, 700),
  })],
  [
    3,
    (random) => ({
      kind: "runner killed in an outage",
      node: random.pick(NODES),
      ms: random.between(200, 1500),
    }),
  ],
  [4, (random) => ({ kind: "agent killed", agent: agentOf(random) })],
  [3, (random) => ({ kind: "link cut", node: random.pick(NODES), ms: random.between(0, 2000) })],
  [2, (random) => ({
    kind: "link stalled",
    node: random.pick(NODES),
    ms: random.between(200, 2500),
    direction: random.pick(ANY_DIRECTION),
  })],
  [3, (random) => ({
    kind: "link stalled, then cut",
    node: random.pick(NODES),
    ms: random.between(100, 1500),
    direction: random.pick(ANY_DIRECTION),
  })],
  [1, (random) => ({ kind: "power cut", brokerMs: random.between(0, 1500) })],
];

/** Faults of a fleet: each once in a round, and at every moment. */
const OF_FLEETS: readonly Draw[] = [
  ...WAVES.flatMap((wave) =>
    PHASES.map((phase): Draw => () => ({ kind: "fleet: operator killed in a wave", at: { wave, phase } }))
  ),
  (random) => ({
    kind: "fleet: broker killed in a wave",
    at: { wave: random.pick(WAVES), phase: random.pick(PHASES) },
    ms: random.between(0, 1500),
  }),
  (random) => ({ kind: "fleet: node away", node: random.pick(NODES), generations: random.between(1, 3) }),
  (random) => ({ kind: "fleet: clock wrong by an hour", whose: "operator", hours: random.pick([-1, 1]) }),
  (random) => ({
    kind: "fleet: clock wrong by an hour",
    whose: random.pick(NODES),
    hours: random.pick([-1, 1]),
  }),
];

/** Some outages outlast `--migrate-timeout`. */
const MIGRATION_OUTAGES = [50, 500, 1500, 4000] as const;

/**
 * The first `count` faults of `seed`: in each round all kinds, in an order of its own.
 * @param only `fleet`: those of a fleet alone
 */
export function scheduleOf(seed: number, count: number, only?: Only): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  while (faults.length < count) faults.push(...random.shuffle(round(random, only)));
  return faults.slice(0, count);
}

export const ONLY = ["fleet"] as const;
export type Only = typeof ONLY[number];

function round(random: Random, only: Only | undefined): Fault[] {
  const ofFleets = OF_FLEETS.map((draw) => draw(random));
  if (only === "fleet") return ofFleets;
  const plain = PLAIN.flatMap(([times, draw]) => Array.from({ length: times }, () => draw(random)));
  const migrations = STEPS.flatMap((step) => VICTIMS.map((victim) => migrationFault(random, step, victim)));
  return [...plain, ...migrations, ...ofFleets];
}

function migrationFault(random: Random, step: Step, victim: Victim): Fault {
  const fault: Fault = {
    kind: "migration",
    agent: agentOf(random),
    step,
    victim,
    ms: random.pick(MIGRATION_OUTAGES),
  };
  const second = random.pick(VICTIMS);
  if (second === victim || random.next() > SECOND_BLOW) return fault;
  return { ...fault, also: { victim: second, afterMs: random.between(0, 1000) } };
}

export function isOfFleet(fault: Fault): fault is FleetFault {
  return fault.kind.startsWith("fleet: ");
}

/** The row of the table a fault belongs to. */
export function groupOf(fault: Fault): string {
  if (fault.kind !== "migration") return fault.kind;
  return fault.also === undefined ? `migration: ${fault.victim} hit` : "migration: two hit";
}

/** Everything about a fault, in one line. */
export function describe(fault: Fault): string {
  const { kind, ...details } = fault;
  return `${kind} ${JSON.stringify(details)}`;
}
