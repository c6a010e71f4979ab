/**
 * Watches a topic and raises one alert when a value leaves its range, not one for every reading beyond it.
 *
 *     mosquitto_sub -t 'agents/+/alert' &
 *     mosquitto_pub -t sensors/temperature -m '{"value": 31.5}'
 *
 * It has no `process()`, so it uses no CPU between messages.
 */
import type { Agent } from "../types.d.ts";

const TOPIC = "sensors/temperature";
const TOO_WARM = 30;
/** Back to normal only below this, so that a value that hovers at the threshold does not raise an alert each time. */
const NORMAL_AGAIN = 29;

export async function setup(agent: Agent): Promise<void> {
  let alarmed = false;
  // The handler is called for each message, until the agent stops. JSON arrives as a value.
  await agent.subscribe(TOPIC, async (payload, topic) => {
    const value = (payload as { value?: unknown } | null)?.value;
    if (typeof value !== "number") return;
    if (!alarmed && value > TOO_WARM) {
      alarmed = true;
      await agent.alert(`${topic} is ${value}: above ${TOO_WARM}`, "error");
    } else if (alarmed && value < NORMAL_AGAIN) {
      alarmed = false;
      await agent.alert(`${topic} is ${value}: back to normal`, "info");
    }
  });
  // Shown as the agent's task in its heartbeats.
  await agent.set_status(`watching ${TOPIC}`);
}
