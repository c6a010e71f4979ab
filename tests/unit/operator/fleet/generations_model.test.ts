/**
 * A model of apply and reconcile: two operators who apply at once, and may die at any step; nodes that are cut off, die
 * in the middle of a generation, and hear things twice. Generated orders of events are checked once the bus is quiet.
 *
 * What it assumes of operators: while one is alive, and has not written all of his generation, nobody goes on from it (he
 * says every two seconds that he is).
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { chooseBase, claimVerdict, type Head, nextGeneration } from "../../../../operator/fleet/head.ts";
import { admission, type Generation } from "../../../../protocol/generations.ts";
import { placementVerdict } from "../../../../protocol/placement.ts";

const NODES = 3;
const OPERATORS = 2;

interface Desired {
  readonly generation: Generation;
  /** The epoch of the one agent, if it is meant to be here. */
  readonly epoch: number | undefined;
}

class ModelNode {
  isConnected = true;
  isUp = true;
  record: Generation | undefined;
  isDone = true;
  epoch: number | undefined;
  refused = 0;

  /** @param dies whether it dies after it has written what it is about to do */
  receive({ generation, epoch }: Desired, dies = false): void {
    if (!this.isConnected || !this.isUp) return;
    const { kind } = admission(this.record, generation);
    if (kind === "refuse") {
      this.refused += 1;
      return;
    }
    if (kind === "same" && this.isDone) return;
    this.record = generation;
    this.isDone = false;
    if (dies) {
      this.isUp = false;
      return;
    }
    this.epoch = epoch;
    this.isDone = true;
  }
}

/** The broker: what it keeps, and the order in which heads came. */
class World {
  readonly nodes = Array.from({ length: NODES }, () => new ModelNode());
  readonly heads: Head[] = [];
  readonly desired: (Desired | undefined)[] = Array(NODES).fill(undefined);
  readonly operators = Array.from({ length: OPERATORS }, (_, index) => new ModelOperator(this, index));
  epoch = 0;

  write(node: number, desired: Desired): void {
    this.desired[node] = desired;
    this.nodes[node]?.receive(desired);
  }
}

type Phase = "idle" | "read" | "claimed" | "won";

class ModelOperator {
  phase: Phase = "idle";
  #from = 0;
  #base: string | undefined;
  own: Generation | undefined;
  #next = 0;
  #target = 0;
  #epoch = 0;

  constructor(private readonly world: World, private readonly index: number) {}

  /** Takes the next step. @param target the node that is to have the agent, if this begins a generation */
  step(target: number): void {
    const { world } = this;
    const reasserts = this.phase === "won" && world.heads.at(-1)?.tag !== this.own?.tag;
    if (reasserts && this.own !== undefined) world.heads.push({ ...this.own, isConfirmed: false });
    switch (this.phase) {
      case "idle":
        return this.#read(target);
      case "read":
        if (this.own === undefined) return;
        world.heads.push({ ...this.own, isConfirmed: false });
        this.phase = "claimed";
        return;
      case "claimed":
        return this.#decide();
      case "won":
        return this.#write();
      default:
        return this.phase satisfies never;
    }
  }

  die(): void {
    this.phase = "idle";
    this.own = undefined;
  }

  #read(target: number): void {
    const { world } = this;
    const head = world.heads.at(-1);
    const isOpen = head !== undefined && !head.isConfirmed &&
      world.operators.some(({ phase }) => phase === "claimed" || phase === "won");
    if (isOpen) return;
    const kept = world.desired.flatMap((desired) => desired?.generation ?? []);
    const reported = world.nodes.flatMap(({ record }) =>
      record === undefined ? [] : [{ ...record, basedOn: [] }]
    );
    const based = chooseBase(head, [...kept, ...reported], false);
    this.#from = world.heads.length;
    this.#base = head?.tag;
    this.own = nextGeneration("home", based, { by: `operator ${this.index}`, message: "", at: 0 });
    this.#next = 0;
    this.#target = target;
    this.#epoch = ++world.epoch;
    this.phase = "read";
  }

  #decide(): void {
    const { world, own } = this;
    if (own === undefined) return;
    const verdict = claimVerdict(world.heads.slice(this.#from), this.#base, own.tag);
    assert(verdict.kind !== "open");
    if (verdict.kind === "won") {
      this.phase = "won";
      return;
    }
    const winner = world.heads.findLast(({ tag }) => tag === verdict.to.tag) ?? verdict.to;
    world.heads.push(winner);
    this.die();
  }

  #write(): void {
    if (this.own === undefined) return;
    const epoch = this.#next === this.#target ? this.#epoch : undefined;
    this.world.write(this.#next++, { generation: this.own, epoch });
    if (this.#next < NODES) return;
    this.world.heads.push({ ...this.own, isConfirmed: true });
    this.die();
  }
}

type Event =
  | { readonly kind: "step"; readonly operator: number; readonly target: number }
  | { readonly kind: "operator dies"; readonly operator: number }
  | {
    readonly kind: "cut" | "heal" | "node dies" | "node returns" | "twice" | "dies within";
    readonly node: number;
  };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("step" as const),
      operator: fc.nat(OPERATORS - 1),
      target: fc.nat(NODES - 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("operator dies" as const), operator: fc.nat(OPERATORS - 1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("cut", "heal", "node dies", "node returns", "twice", "dies within"),
      node: fc.nat(NODES - 1),
    }),
  },
);

function run(events: readonly Event[]): World {
  const world = new World();
  for (const one of events) {
    if (one.kind === "step") {
      world.operators[one.operator]?.step(one.target);
      continue;
    }
    if (one.kind === "operator dies") {
      world.operators[one.operator]?.die();
      continue;
    }
    const node = world.nodes[one.node] as ModelNode;
    const kept = world.desired[one.node];
    if (one.kind === "cut") node.isConnected = false;
    if (one.kind === "node dies") node.isUp = false;
    if (one.kind === "heal") node.isConnected = true;
    if (one.kind === "node returns") node.isUp = true;
    // What the broker keeps comes with every connection.
    if (kept !== undefined && one.kind !== "cut" && one.kind !== "node dies") {
      node.receive(kept, one.kind === "dies within");
    }
  }
  quiet(world);
  return world;
}

/** Whoever has won writes the rest; all nodes return, and hear what the broker keeps, and each other. */
function quiet(world: World): void {
  for (let round = 0; round < 10; round++) {
    for (const operator of world.operators) if (operator.phase !== "idle") operator.step(0);
  }
  for (const [index, node] of world.nodes.entries()) {
    [node.isConnected, node.isUp] = [true, true];
    const kept = world.desired[index];
    if (kept !== undefined) node.receive(kept);
  }
  for (const node of world.nodes) {
    const beaten = world.nodes.some((other) =>
      other !== node && node.epoch !== undefined && other.epoch !== undefined &&
      placementVerdict(node.epoch, { epoch: other.epoch, state: "running" }) === "yield"
    );
    if (beaten) node.epoch = undefined;
  }
}

const RUNS = { numRuns: 3000 };

Deno.test("no two generations of one number are ever in force, whoever dies when", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { nodes } = run(events);
      const tags = new Map<number, string>();
      for (const { record } of nodes) {
        if (record === undefined) continue;
        assertEquals(tags.get(record.generation) ?? record.tag, record.tag);
        tags.set(record.generation, record.tag);
      }
    }),
    RUNS,
  );
});

Deno.test("no entry is lost: what the broker keeps for a node is what it has, and nothing of a winner is refused", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { nodes, desired } = run(events);
      for (const [index, node] of nodes.entries()) {
        assertEquals([node.record?.tag, node.isDone, node.refused], [
          desired[index]?.generation.tag,
          true,
          0,
        ]);
      }
    }),
    RUNS,
  );
});

Deno.test("never two agents of one name at one epoch, and one where the newest generation has been written in full", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const { nodes } = run(events);
      const live = nodes.filter(({ epoch }) => epoch !== undefined);
      assertEquals(live.length <= 1, true);
      const tags = new Set(nodes.map(({ record }) => record?.tag));
      if (tags.size === 1 && nodes[0]?.record !== undefined) assertEquals(live.length, 1);
    }),
    RUNS,
  );
});
