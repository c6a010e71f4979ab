/** Agents to start from: the project's examples, as they are. */
import calculator from "../../../agents/examples/calculator.ts" with { type: "text" };
import caller from "../../../agents/examples/caller.ts" with { type: "text" };
import counter from "../../../agents/examples/counter.ts" with { type: "text" };
import daylight from "../../../agents/examples/daylight.ts" with { type: "text" };
import temperature from "../../../agents/examples/temperature_sensor.ts" with { type: "text" };
import threshold from "../../../agents/examples/threshold_alert.ts" with { type: "text" };

export interface Template {
  readonly name: string;
  readonly code: string;
  readonly install?: string;
}

const BLANK = `/** What this agent does. */
export async function setup(agent) {
  await agent.log("ready");
}

export async function process(agent) {
  await agent.publish("readings/" + agent.name, { value: Math.random() });
}

export function handle_task(agent, payload) {
  return { echo: payload };
}
`;

export const TEMPLATES: readonly Template[] = [
  { name: "blank", code: BLANK },
  { name: "temperature_sensor", code: temperature },
  { name: "threshold_alert", code: threshold },
  { name: "counter", code: counter },
  { name: "calculator", code: calculator },
  { name: "caller", code: caller },
  { name: "daylight", code: daylight, install: "npm:suncalc@2.0.2" },
];
