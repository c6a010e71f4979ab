/** Stores the last generations of a fleet at the broker, and reads them. */
import { MAX_HISTORY } from "../../protocol/generations.ts";
import { topics } from "../../protocol/topics.ts";
import { type NewRecord, packed, type PastGeneration, unpacked } from "../fleet/history.ts";
import { demandSeal, knownKeys, type TrustedKeys } from "../fleet/seal.ts";
import { OperationError, type Operator } from "../operator.ts";
import type { FleetPlan } from "./apply.ts";
import { located } from "./find.ts";
import type { Step } from "./plan.ts";
import { hearsItself } from "./survey.ts";

/** Stores a generation in place of the one `MAX_HISTORY` before it, so that the broker's storage is bounded. */
export async function remember({ bus, commander }: Operator, past: NewRecord): Promise<void> {
  const { fleet, generation } = past.generation;
  const record = await packed(past, commander.key);
  await bus.publish(topics.fleetHistory(fleet, generation % MAX_HISTORY), record, { retain: true });
}

/** Returns the newest first. @param trusted keys of other operators; the operator's own is trusted, too */
export async function history(
  operator: Operator,
  fleet: string,
  trusted: TrustedKeys = new Map(),
): Promise<readonly PastGeneration[]> {
  const keys = knownKeys(operator.commander.key, trusted);
  const payloads = new Map<string, Uint8Array>();
  const topic = topics.fleetHistory(fleet, "+");
  using _subscription = await operator.bus.subscribe(topic, ({ topic, payload }) => {
    if (payload.length > 0) payloads.set(topic, payload);
  });
  await hearsItself(operator);
  const read = await Promise.all([...payloads.values()].map((payload) => unpacked(payload, fleet, keys)));
  return read.flatMap((past) => past ?? [])
    .toSorted((a, b) => b.generation.generation - a.generation.generation);
}

/** @throws OperationError unless the generation is signed by a key that is known here */
export function refuseUnsigned({ generation: { generation, fleet }, seal }: PastGeneration): void {
  demandSeal(
    seal,
    `Generation ${generation} of fleet '${fleet}'`,
    `agentflow show ${fleet} --generation ${generation} --json`,
  );
}

/** Turns the steps of `plan` into a rollback: stops agents of the newest generation that the plan does not have. */
export function withStops(
  plan: FleetPlan,
  newest: Pick<PastGeneration, "wanted"> | undefined,
  { fleet }: Operator,
): FleetPlan {
  const kept = new Set(plan.wanted.map(({ config }) => config.name));
  const stops = (newest?.wanted ?? []).flatMap(({ node, config: { name } }): Step[] => {
    const runs = located(fleet).some((each) => each.name === name && each.node === node);
    return kept.has(name) || !runs ? [] : [{ kind: "stop", node, agent: name }];
  });
  const steps = plan.steps.filter((step) => !stops.some(({ agent }) => step.agent === agent));
  return { ...plan, steps: [...steps, ...stops] };
}

/** @param number `undefined`: the one before the newest, or before its roll-out @throws OperationError if the generation is not stored */
export function pastGeneration<T extends Pick<PastGeneration, "generation">>(
  all: readonly T[],
  fleet: string,
  number: number | undefined,
): T {
  const rollout = all[0]?.generation.rollout;
  const found = number === undefined
    ? all.slice(1).find(({ generation }) => rollout === undefined || generation.rollout !== rollout)
    : all.find(({ generation }) => generation.generation === number);
  if (found !== undefined) return found;
  const numbers = all.map(({ generation }) => generation.generation);
  const what = number === undefined ? "generation before the newest" : `generation ${number}`;
  throw new OperationError(
    `There is no ${what} of fleet '${fleet}': ${
      numbers.length === 0 ? "none is kept" : `kept are ${numbers.join(", ")}`
    }`,
  );
}
