/**
 * One name, one agent: a model of nodes that are cut off, die and come back while operators place an agent here and
 * there, checked in generated orders of events.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { epochAfterMove, epochIn, placementEpoch, placementVerdict } from "../../../protocol/placement.ts";

interface ModelNode {
  isUp: boolean;
  isConnected: boolean;
  /** On its disk: what should run here. */
  epoch: number | undefined;
  reported: boolean;
}

type Event =
  | { readonly kind: "place"; readonly node: number; readonly knowsEpochs: boolean }
  | { readonly kind: "cut" | "heal" | "die" | "return" | "beat"; readonly node: number };

const NODES = 3;
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("place" as const), node: fc.nat(NODES - 1), knowsEpochs: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom(
      "cut" as const,
      "heal" as const,
      "die" as const,
      "return" as const,
      "beat" as const,
    ),
    node: fc.nat(NODES - 1),
  }),
);

/** @param onlyEpochs whether all who place agents know epochs */
function run(events: readonly Event[], onlyEpochs: boolean): readonly ModelNode[] {
  const nodes: ModelNode[] = Array.from(
    { length: NODES },
    () => ({ isUp: true, isConnected: true, epoch: undefined, reported: false }),
  );
  const runs = ({ isUp, epoch }: ModelNode) => isUp && epoch !== undefined;
  const at = (index: number) => nodes[index] as ModelNode;
  /** A heartbeat of one node reaches all others that are connected. */
  const beat = (from: ModelNode) => {
    if (!runs(from) || !from.isConnected) return;
    for (const to of nodes) {
      if (to === from || !runs(to) || !to.isConnected) continue;
      const verdict = placementVerdict(to.epoch ?? 0, { epoch: epochIn(from.epoch), state: "running" });
      if (verdict === "yield") to.epoch = undefined;
      if (verdict === "conflict") to.reported = true;
    }
  };
  let nowSeconds = 1000;
  for (const one of events) {
    const node = at(one.node);
    switch (one.kind) {
      case "place": {
        if (!node.isUp || !node.isConnected) break;
        nowSeconds += 1;
        // Hears only those that are connected.
        const heard = nodes.flatMap((each) => runs(each) && each.isConnected ? [each.epoch ?? 0] : []);
        node.epoch = onlyEpochs || one.knowsEpochs
          ? placementEpoch(heard, nowSeconds * 1000, 0)
          : node.epoch ?? 0;
        node.reported = false;
        break;
      }
      case "cut":
        node.isConnected = false;
        break;
      case "heal":
        node.isConnected = true;
        break;
      case "die":
        node.isUp = false;
        break;
      case "return":
        node.isUp = true;
        break;
      case "beat":
        beat(node);
        break;
      default:
        one satisfies never;
    }
  }
  for (const node of nodes) [node.isUp, node.isConnected] = [true, true];
  for (let round = 0; round < 2; round++) for (const node of nodes) beat(node);
  return nodes.filter(runs);
}

Deno.test("once the bus is quiet, one agent of a name runs: the one that was placed last, and never none", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const left = run(events, true);
      const isPlaced = events.some((one, index) =>
        one.kind === "place" && canPlace(events.slice(0, index), one.node)
      );
      assertEquals(left.length, isPlaced ? 1 : 0);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("with placements that know no epochs, what is left is all of one epoch, and each has told of the others", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const left = run(events, false);
      assertEquals(new Set(left.map(({ epoch }) => epoch)).size <= 1, true);
      if (left.length > 1) assertEquals(left.every(({ reported }) => reported), true);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("an epoch rises above all that are known, and is no less than the time", () => {
  const epochs = [placementEpoch([], 7.9, 0), placementEpoch([3, 7012], 7, 0), placementEpoch([3], 7, 0.999)];
  assertEquals(epochs, [7000, 7013, 7999]);
  // Of one operator, also where nothing is known of the placement before: that agent has failed.
  assertEquals(placementEpoch([], 7, 0.999) < placementEpoch([], 8, 0), true);
  assertEquals([epochAfterMove(3, 9, 1), epochAfterMove(9, 9, 1), epochAfterMove(3, 0, 7.9)], [9, 10, 7]);
  for (const value of [undefined, null, "9", -1, 0.5, NaN, Infinity, 2 ** 60]) {
    assertEquals(epochIn(value), 0);
  }
});

function canPlace(before: readonly Event[], node: number): boolean {
  const last = (kinds: readonly string[]) =>
    before.findLast((one) => one.node === node && kinds.includes(one.kind))?.kind;
  return last(["cut", "heal"]) !== "cut" && last(["die", "return"]) !== "die";
}
