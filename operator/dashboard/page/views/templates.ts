/** Agents to start from: the project's examples, unchanged. */
import calculator from "../../../../agents/examples/calculator.ts" with { type: "text" };
import caller from "../../../../agents/examples/caller.ts" with { type: "text" };
import counter from "../../../../agents/examples/counter.ts" with { type: "text" };
import daylight from "../../../../agents/examples/daylight.ts" with { type: "text" };
import runningMean from "../../../../agents/examples/running_mean.py" with { type: "text" };
import pythonTemperature from "../../../../agents/examples/temperature_sensor.py" with { type: "text" };
import temperature from "../../../../agents/examples/temperature_sensor.ts" with { type: "text" };
import threshold from "../../../../agents/examples/threshold_alert.ts" with { type: "text" };

export interface Template {
  readonly name: string;
  /** The initial name of an agent made from it; empty for a blank one. */
  readonly agent: string;
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

const BLANK_PYTHON = `"""What this agent does."""
import random


async def setup(agent):
    await agent.log("ready")


async def process(agent):
    await agent.publish(f"readings/{agent.name}", {"value": random.random()})


async def handle_task(agent, payload):
    return {"echo": payload}
`;

export const TEMPLATES: readonly Template[] = [
  { name: "blank", agent: "", code: BLANK },
  { name: "temperature_sensor", agent: "temperature_sensor", code: temperature },
  { name: "threshold_alert", agent: "threshold_alert", code: threshold },
  { name: "counter", agent: "counter", code: counter },
  { name: "calculator", agent: "calculator", code: calculator },
  { name: "caller", agent: "caller", code: caller },
  { name: "daylight", agent: "daylight", code: daylight, install: "npm:suncalc@2.0.2" },
  { name: "blank, in Python", agent: "", code: BLANK_PYTHON },
  { name: "temperature_sensor, in Python", agent: "temperature_sensor", code: pythonTemperature },
  { name: "running_mean, in Python", agent: "running_mean", code: runningMean },
];
