/** Watches the numbers on a topic, and raises an alert when one leaves its range: once, and once more when it is back. */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic or filter of the readings; each topic that matches is judged by itself. */
  readonly topic: string;
  /** The number in a JSON object; without it the payload is the number. */
  readonly field: string;
  /** Highest value that is in order; null: no bound. */
  readonly above: number | null;
  /** Lowest value that is in order; null: no bound. */
  readonly below: number | null;
  /** How far inside the range a value is back in order: one that hovers at the bound raises no alert each time. */
  readonly hysteresis: number;
  /** info, warning or error. */
  readonly severity: string;
}

const PARAMETERS: Parameters = {
  "topic": "sensors/temperature",
  "field": "value",
  "above": 30,
  "below": null,
  "hysteresis": 1,
  "severity": "error",
};

export async function setup(agent: Agent): Promise<void> {
  const alarmed = new Set<string>();
  await agent.subscribe(PARAMETERS.topic, async (payload, topic) => {
    const value = numberIn(payload);
    if (value !== undefined) await judge(agent, alarmed, topic, value);
  });
  await agent.set_status(`watching ${PARAMETERS.topic}`);
}

async function judge(agent: Agent, alarmed: Set<string>, topic: string, value: number): Promise<void> {
  const { hysteresis, severity } = PARAMETERS;
  const outside = beyond(value, 0);
  if (outside !== undefined && !alarmed.has(topic)) {
    alarmed.add(topic);
    await agent.alert(`${topic} is ${value}: ${outside}`, severity as "info" | "warning" | "error");
  } else if (alarmed.has(topic) && beyond(value, hysteresis) === undefined) {
    alarmed.delete(topic);
    await agent.alert(`${topic} is ${value}: back to normal`, "info");
  }
}

/** Which bound it is beyond, in words. @param margin by which the range is narrower */
function beyond(value: number, margin: number): string | undefined {
  const { above, below } = PARAMETERS;
  if (above !== null && value > above - margin) return `above ${above}`;
  if (below !== null && value < below + margin) return `below ${below}`;
  return undefined;
}

function numberIn(payload: unknown): number | undefined {
  const { field } = PARAMETERS;
  const value = field === "" ? payload : (payload as Record<string, unknown> | null)?.[field];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
