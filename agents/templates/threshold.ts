/** Watches the numbers on a topic and raises one alert when a number leaves its range, and one when it is back. */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic or filter of the readings; each matching topic is evaluated separately. */
  readonly topic: string;
  /** Field of a JSON object that holds the number; empty: the payload is the number. */
  readonly field: string;
  /** Highest normal value; null: no bound. */
  readonly above: number | null;
  /** Lowest normal value; null: no bound. */
  readonly below: number | null;
  /** How far inside the range a value must be to count as normal again, so that hovering at the bound raises no alerts. */
  readonly hysteresis: number;
  /** Severity of the alert: info, warning or error. */
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

/** The bound that the value exceeds, in words. @param margin by which the range is narrower */
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
