/** A step of a plan as JSON, for programs. Pure. */
import type { Step } from "./plan.ts";

export function stepJson(step: Step): Readonly<Record<string, unknown>> {
  const { kind, node, agent } = step;
  const more = step.kind === "replace"
    ? { changes: step.changes }
    : step.kind === "move"
    ? { from: step.from }
    : {};
  return { step: kind, node, agent, ...more };
}
