/**
 * A model of a roll-out: nodes that fail at once, fail in the soak, or are off; an executor that dies at any step, and
 * another one that goes on from the stored state. Generated orders of events are checked against the laws.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  newRollout,
  type Outcome,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutState,
} from "../../../../operator/rollout/state.ts";
import { isOver, transition } from "../../../../operator/rollout/transition.ts";
import { divide, parseWaves } from "../../../../operator/rollout/waves.ts";

type Behaviour = "good" | "fails" | "fails later" | "off";
const SOAK_MS = 100;

interface Case {
  readonly nodes: readonly Behaviour[];
  readonly waves: readonly string[];
  readonly maxFailures: number;
  readonly onFailure: "halt" | "rollback";
}

const cases: fc.Arbitrary<Case> = fc.record({
  nodes: fc.array(fc.constantFrom<Behaviour>("good", "good", "fails", "fails later", "off"), {
    minLength: 1,
    maxLength: 8,
  }),
  waves: fc.constantFrom(["1", "rest"], ["1", "25%", "50%", "rest"], ["rest"], ["2", "4", "100%"]),
  maxFailures: fc.integer({ min: 0, max: 2 }),
  onFailure: fc.constantFrom("halt", "rollback"),
});

/** The nodes, the stored state, and an executor that may die. */
class World {
  nowMs = 0;
  stored: RolloutState;
  /** Which nodes have, or are to have, the new state. */
  readonly fresh = new Set<string>();
  #effects: RolloutEffect[] = [];
  /** When each node was first changed. */
  readonly changedAt = new Map<string, number>();

  constructor(private readonly of: Case) {
    const nodes = of.nodes.map((is, index) => ({ name: `n${index}`, labels: {}, isOff: is === "off" }));
    const limits = { soakMs: SOAK_MS, maxFailures: of.maxFailures, onFailure: of.onFailure };
    this.stored = newRollout(divide(parseWaves(of.waves), nodes), limits);
  }

  is(node: string): Behaviour {
    return this.of.nodes[Number(node.slice(1))] ?? "good";
  }

  /** Takes in an event, as an executor does: it stores the state before it does anything. */
  feed(event: RolloutEvent): void {
    const { state, effects } = transition(this.stored, event, this.nowMs);
    this.stored = state;
    this.#effects.push(...effects);
  }

  /** Another executor goes on. */
  crash(): void {
    this.#effects = [];
    this.feed({ kind: "begin" });
  }

  /** Carries out the next effect. @param diesBefore the answer of it is never heard @returns whether there was one */
  step(diesBefore = false): boolean {
    const effect = this.#effects.shift();
    if (effect === undefined) return false;
    this.nowMs += 1;
    for (const event of this.#carryOut(effect)) {
      if (diesBefore) break;
      this.feed(event);
    }
    if (diesBefore) this.crash();
    return true;
  }

  #carryOut(effect: RolloutEffect): readonly RolloutEvent[] {
    switch (effect.kind) {
      case "look":
        return [{ kind: "looked", off: this.of.nodes.flatMap((is, n) => is === "off" ? [`n${n}`] : []) }];
      case "change":
        for (const node of effect.nodes) {
          this.fresh.add(node);
          if (!this.changedAt.has(node)) this.changedAt.set(node, this.nowMs);
        }
        return [{
          kind: "outcomes",
          outcomes: Object.fromEntries(effect.nodes.map((node) => [node, this.#outcome(node)])),
        }];
      case "soak": {
        const bad = effect.nodes.filter((node) => this.is(node) === "fails later");
        // Too early: it must not count.
        this.feed({ kind: "soaked" });
        this.nowMs = Math.max(this.nowMs, effect.untilMs);
        return [...bad.map((node) => ({ kind: "unhealthy" as const, node, why: "later" })), {
          kind: "soaked",
        }];
      }
      case "withdraw":
      case "revert":
        effect.nodes.forEach((node) => this.fresh.delete(node));
        return [effect.kind === "revert" ? { kind: "reverted", failures: {} } : { kind: "withdrawn" }];
      default:
        return effect satisfies never;
    }
  }

  #outcome(node: string): Outcome {
    const is = this.is(node);
    if (is === "off") return { kind: "pending", why: "off" };
    return is === "fails" ? { kind: "failed", why: "at once" } : { kind: "ok" };
  }

  /** What counts at the end. */
  get end(): unknown {
    return { phase: this.stored.phase, fresh: [...this.fresh].sort(), failures: this.stored.failures };
  }
}

function toTheEnd(world: World): void {
  world.feed({ kind: "begin" });
  for (let steps = 0; !isOver(world.stored); steps++) {
    assert(steps < 500, "it does not end");
    assert(world.step(), "nothing goes on");
  }
}

Deno.test("no wave begins before the one before it has soaked, and none after too many failures", () => {
  fc.assert(fc.property(cases, (of) => {
    const world = new World(of);
    toTheEnd(world);
    const { waves, phase, limits, failures } = world.stored;
    assert(phase.kind === "ended");
    const changed = waves.filter((wave) => wave.some((node) => world.changedAt.has(node)));
    for (const [index, wave] of changed.entries()) {
      const before = changed[index - 1] ?? [];
      const soaked = before.some((node) => world.is(node) === "good" || world.is(node) === "fails later");
      for (const node of wave) {
        const since = (world.changedAt.get(node) ?? 0) - (world.changedAt.get(before[0] ?? "") ?? -Infinity);
        if (soaked) assert(since >= SOAK_MS, `${node} came ${since} ms after ${before}`);
      }
      const failed = changed.slice(0, index).flat().filter((node) => world.is(node).startsWith("fails"));
      assert(failed.length <= limits.maxFailures, `a wave began after ${failed.length} failures`);
    }
    const isBad = Object.keys(failures).length > limits.maxFailures;
    assertEquals(phase.how, isBad ? (limits.onFailure === "halt" ? "halted" : "rolled_back") : "done");
    if (phase.how === "done") assertEquals(world.fresh.size, of.nodes.length);
    if (phase.how === "rolled_back") assertEquals(world.fresh.size, 0);
  }));
});

Deno.test("an executor that dies at any step, and another that goes on, end in the same state", () => {
  const deaths = fc.array(fc.constantFrom("step", "die before the answer", "die after it"), {
    maxLength: 30,
  });
  fc.assert(fc.property(cases, deaths, (of, deaths) => {
    const [calm, stormy] = [new World(of), new World(of)];
    toTheEnd(calm);
    stormy.feed({ kind: "begin" });
    for (const death of deaths) {
      if (isOver(stormy.stored)) break;
      stormy.step(death === "die before the answer");
      if (death === "die after it") stormy.crash();
    }
    stormy.crash();
    toTheEnd(stormy);
    assertEquals(stormy.end, calm.end);
  }));
});

Deno.test("after an abort no further node is changed, whenever it comes", () => {
  fc.assert(fc.property(cases, fc.nat(12), fc.boolean(), (of, after, reverts) => {
    const world = new World(of);
    world.feed({ kind: "begin" });
    for (let step = 0; step < after; step++) world.step();
    const wasOver = isOver(world.stored);
    const intended = world.stored.changed;
    world.feed({ kind: "abort", reverts, by: "ana" });
    for (let steps = 0; world.step(); steps++) assert(steps < 500, "it does not end");
    assert(isOver(world.stored));
    assertEquals([...world.changedAt.keys()].filter((node) => !intended.includes(node)), []);
    if (reverts && !wasOver) assertEquals([...world.fresh], []);
  }));
});
