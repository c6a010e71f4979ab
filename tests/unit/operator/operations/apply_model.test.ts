/**
 * The operations themselves, and the nodes' own rules, on a bus on which messages wait, are lost with a connection or come
 * twice, while operators and nodes die and return. Generated orders of events are checked once the bus is quiet.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { actorId } from "../../../../protocol/ids.ts";
import { ExpectedError } from "../../../../protocol/expected_error.ts";
import { generationIn } from "../../../../protocol/generations.ts";
import { topics } from "../../../../protocol/topics.ts";
import { parseFleet } from "../../../../operator/fleet/fleet_file.ts";
import { type FleetPlan, planEntries, planWanted } from "../../../../operator/operations/apply.ts";
import { applyGeneration } from "../../../../operator/operations/apply_generation.ts";
import { history, pastGeneration, withStops } from "../../../../operator/operations/history.ts";
import { migrate } from "../../../../operator/operations/migrate.ts";
import { survey } from "../../../../operator/operations/survey.ts";
import { OperationError, type Operator } from "../../../../operator/operator.ts";
import { type Job, World, type WorldNode } from "../../../support/fleet_world.ts";

const NODES = ["n1", "n2", "n3"];
const FLEET = "home";
const signal = new AbortController().signal;

const wanted = (version: number, home: string) => {
  const common = { code: "//", poll_interval: version };
  const agents = [{ ...common, name: "roams", node: home }, { ...common, name: "here-{node}", nodes: NODES }];
  return parseFleet(JSON.stringify({ fleet: FLEET, agents }), "fleet.json");
};

async function carryOut(operator: Operator, by: string, plan: FleetPlan, prune: boolean): Promise<void> {
  const { results } = await applyGeneration(operator, plan, {
    ...{ by, prune, message: "", adopts: false, signal, timeoutMs: 20_000 },
    ...{ onStep: () => {}, onProgress: () => {} },
  });
  const bad = results.filter(({ ok }) => !ok);
  if (bad.length > 0) {
    const words = bad.map(({ step, error, pending }) => `${step.node}/${step.agent}: ${error ?? pending}`);
    throw new OperationError(words.join("; "));
  }
}

const apply = (version: number, home: string): Job => async (operator, by) => {
  const plan = await planEntries(operator, wanted(version, home), () => undefined, { prune: false, signal });
  await carryOut(operator, by, plan, false);
};

const rollBack: Job = async (operator, by) => {
  const all = await history(operator, FLEET);
  const past = pastGeneration(all, FLEET, undefined);
  await survey(operator, { signal });
  const plan = withStops(await planWanted(operator, FLEET, past.wanted, false), all[0], operator);
  await carryOut(operator, by, plan, true);
};

const move = (to: string): Job => async (operator) => {
  await survey(operator, { signal });
  await migrate(operator, "roams", to, { timeoutMs: 20_000 });
};

const node = fc.nat(NODES.length - 1);
const who = fc.nat(1);
/** Steps that are taken before: an apply takes some hundred of its operator, and some sixty of each node. */
const after = fc.nat(120);
const soon = fc.nat(60);
const weighted = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const of = <K extends string, T extends object>(kind: K, fields: { [F in keyof T]: fc.Arbitrary<T[F]> }) =>
  fc.record({ kind: fc.constant(kind), ...fields }) as fc.Arbitrary<{ kind: K } & T>;

const event = fc.oneof(
  weighted(4, of("apply", { who, node })),
  weighted(1, of("move", { who, node })),
  weighted(1, of("roll back", { who })),
  weighted(4, of("flow", {})),
  weighted(6, of("operator steps", { who, after })),
  weighted(4, of("node steps", { node, after: soon })),
  weighted(4, of("time", {})),
  weighted(2, of("operator dies", { who, after })),
  weighted(2, of("operator cut", { who, after })),
  weighted(5, of("node dies", { node, after: soon })),
  weighted(1, of("node cut", { node, after: soon })),
  weighted(3, of("node returns", { node })),
  weighted(1, of("again", { line: fc.nat(4) })),
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

async function happen(world: World, one: Event, version: number): Promise<void> {
  const name = "node" in one ? NODES[one.node] ?? "" : "";
  const there = "node" in one ? world.nodes[one.node] : undefined;
  const operator = "who" in one ? world.operators[one.who] : undefined;
  const actor = there ?? operator;
  if ("after" in one && actor !== undefined) await world.step(actor, one.after);
  switch (one.kind) {
    case "apply":
      return operator?.begin(apply(version, name));
    case "move":
      return operator?.begin(move(name));
    case "roll back":
      return operator?.begin(rollBack);
    case "flow":
      return await world.flow();
    case "operator steps":
    case "node steps":
      return;
    case "time":
      return await world.pass();
    case "operator dies":
      return operator?.die();
    case "operator cut":
      if (operator?.isBusy !== true) return;
      operator.line.cut(false);
      return operator.line.mend();
    case "node dies":
      return there?.die();
    case "node cut":
      return there?.cut();
    case "node returns":
      return there?.comeBack();
    case "again":
      return world.lines[one.line]?.again();
    default:
      return one satisfies never;
  }
}

interface Entry {
  readonly name: string;
  readonly poll_interval: number;
}

const desiredOf = (world: World, { name }: WorldNode) => {
  const kept = world.kept(topics.node(name, "desired_state"));
  return kept === undefined ? undefined : { generation: generationIn(kept), agents: kept.agents as Entry[] };
};

/** No name twice, and each node as the broker keeps it for it. */
function check(world: World): void {
  const live = world.nodes.flatMap(({ name, light }) =>
    light.agents.map((agent) => ({ name: agent.name, on: name, config: agent.config }))
  );
  for (const [name, instances] of Map.groupBy(live, ({ name }) => name)) {
    const where = instances.map(({ on, config }) => `${on} at ${config.epoch}`);
    assertEquals(where.length, 1, `${name} runs on ${where.join(" and ")}`);
  }
  const tags = new Map<number, string>();
  for (const each of world.nodes) {
    const desired = desiredOf(world, each);
    const record = each.light.disk.records.get(FLEET);
    assertEquals([record?.tag, record?.isDone], [desired?.generation?.tag, desired && true], each.name);
    if (desired?.generation === undefined) continue;
    const { generation, tag } = desired.generation;
    assertEquals(tags.get(generation) ?? tag, tag, "two generations of one number are in force");
    tags.set(generation, tag);
    for (const { name, poll_interval } of desired.agents) {
      const [agent] = live.filter((one) => one.name === name);
      assert(agent !== undefined, `${name} of ${each.name} is lost`);
      // It may have been moved since, and what has failed has been said.
      const isSaid = agent.on !== each.name || record?.outcomes[name]?.state === "failed";
      if (!isSaid) assertEquals(agent.config.poll_interval, poll_interval, `${name} is old`);
    }
  }
}

async function run(events: readonly Event[]): Promise<void> {
  await using world = new World(NODES, ["ana", "ben"]);
  await world.flow();
  const [ana] = world.operators;
  ana?.begin(apply(1, "n1"));
  await world.quiet();
  for (const [index, one] of events.entries()) {
    await happen(world, one, index + 2);
    await world.time.advance(1);
  }
  await world.quiet();
  for (const { told } of world.operators) {
    for (const error of told) if (!(error instanceof ExpectedError)) assertEquals(error, undefined);
  }
  check(world);
  // Whatever has happened, the next one is in force everywhere, and whole.
  ana?.begin(apply(1000, "n2"));
  await world.quiet();
  assertEquals(ana?.told.at(-1), undefined);
  check(world);
  const agents = world.nodes.flatMap(({ name, light }) =>
    light.agents.map((agent) => `${agent.name} on ${name}: ${agent.config.poll_interval}`)
  );
  assertEquals(agents.sort(), [
    ...NODES.map((name) => `here-${name} on ${name}: 1000`),
    "roams on n2: 1000",
  ]);
  const kept = world.nodes.map((each) => desiredOf(world, each)?.generation?.tag);
  assertEquals(new Set(kept).size, 1);
  assert(world.broker.kept.has(topics.agent(actorId("roams"), "manifest")));
}

const SEED = Number(Deno.env.get("SEED") ?? 16);
const RUNS = Number(Deno.env.get("RUNS") ?? 60);

Deno.test(`whoever dies, is cut off or comes late, a fleet ends up whole (seed ${SEED})`, async () => {
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 60, size: "max" }), run), {
    seed: SEED,
    numRuns: RUNS,
  });
});
