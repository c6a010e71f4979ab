/** Prevents a spawn from creating a second agent of the same name: reports where the first is, or removes it. */
import type { CommandOptions } from "../commander.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { OperationError, type Operator } from "../operator.ts";
import { agentsOff, located } from "./find.ts";
import { migrate } from "./migrate.ts";
import { riskOf } from "./risk.ts";
import { stopAt } from "./stop.ts";

/** What the spawn may do to an agent of the same name on another node. */
export type Clearance =
  | { readonly kind: "refuse" }
  /** Move it here first, with its persisted state. */
  | { readonly kind: "move" }
  /** Stop it there, or abandon it if the node is off. */
  | { readonly kind: "replace"; readonly on: string };

export interface Cleared {
  /** Whether the agent now runs on the target, so that the spawn has to replace it. */
  readonly mustReplace: boolean;
  /** What the operator should know, in words. */
  readonly note: string | undefined;
}

/** @throws OperationError if the agent runs elsewhere and no clearance was given; RefusedError; NoAnswerError */
export async function clearTheWay(
  operator: Operator,
  agent: string,
  node: string,
  clearance: Clearance,
  options: CommandOptions = {},
): Promise<Cleared> {
  const { fleet } = operator;
  const running = located(fleet).filter((each) => each.name === agent && each.node !== node);
  const off = offElsewhere(fleet, agent, node);
  const done = { mustReplace: false, note: undefined };
  if (clearance.kind === "replace") {
    const place = running.find((each) => each.node === clearance.on);
    if (place === undefined && !off.includes(clearance.on)) {
      throw new OperationError(`No agent '${agent}' is on node '${clearance.on}': nothing was done`);
    }
    refuseOthers(
      agent,
      [...running.map((each) => each.node), ...off].filter((each) => each !== clearance.on),
    );
    if (place !== undefined) await stopAt(operator, place, options);
    return place !== undefined ? done : { mustReplace: false, note: riskOf(agent, clearance.on) };
  }
  const [home, ...others] = running;
  if (clearance.kind === "move" && home !== undefined) {
    refuseOthers(agent, others.map((each) => each.node));
    await migrate(operator, agent, node, { ...options, node: home.node });
    return { mustReplace: true, note: undefined };
  }
  refuseOthers(agent, running.map((each) => each.node));
  const [away] = off;
  if (away === undefined) return done;
  throw new OperationError(
    `Agent '${agent}' is on node '${away}', which is off, and would run twice when that is back: ` +
      `--replace-on ${away} gives it up there`,
  );
}

function offElsewhere(fleet: Fleet, agent: string, node: string): readonly string[] {
  return agentsOff(fleet).flatMap((each) =>
    each.name === agent && each.node !== undefined && each.node !== node ? [each.node] : []
  );
}

function refuseOthers(agent: string, nodes: readonly string[]): void {
  const [first] = nodes;
  if (first === undefined) return;
  throw new OperationError(
    `Agent '${agent}' runs on ${nodes.join(" and ")}, and a name is one agent in the whole fleet: ` +
      `--move brings it here with its state, --replace-on ${first} ends it there, --name gives this one another name`,
  );
}
