/** What should run while a roll-out has reached only some of the nodes. Pure. */
import { changedFields } from "../../protocol/spawn_changes.ts";
import type { Wanted } from "../operations/plan.ts";

/** From what to what a fleet is changed. */
export interface Change {
  readonly wanted: readonly Wanted[];
  /** What should have run before. */
  readonly base: readonly Wanted[];
}

/** An agent that moves counts for the node it moves to. Each name comes once. */
export function composite({ wanted, base }: Change, changed: ReadonlySet<string>): readonly Wanted[] {
  const old = new Map(base.map((each) => [each.config.name, each]));
  const names = new Set(wanted.map(({ config }) => config.name));
  return [
    ...wanted.flatMap((each) => changed.has(each.node) ? [each] : old.get(each.config.name) ?? []),
    ...base.filter(({ node, config }) => !names.has(config.name) && !changed.has(node)),
  ];
}

/** The agents of a node to watch after its change: those that are new or different, or else all. */
export function watchedAgents({ wanted, base }: Change, node: string): readonly string[] {
  const here = wanted.filter((each) => each.node === node);
  const different = here.filter(({ config }) => {
    const before = base.find((each) => each.config.name === config.name);
    return before?.node !== node || changedFields(before.config, config).length > 0;
  });
  return (different.length > 0 ? different : here).map(({ config }) => config.name);
}
