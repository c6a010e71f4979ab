/** Publishes how busy the device is: processor, load, memory. Needs the permission `sys` to query the system. */
import { cpus } from "node:os";
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Topic for readings. */
  readonly topic: string;
  /** Raises an alert when less memory than this is available, percent; 0: never. */
  readonly memory_alert_percent: number;
}

const PARAMETERS: Parameters = {
  "topic": "system/usage",
  "memory_alert_percent": 5,
};

interface Usage {
  /** Percent of all cores since the previous reading; null in the first one. */
  readonly cpu: number | null;
  readonly cores: number;
  /** Average number of processes that run or wait, over the last minute. */
  readonly load_1m: number;
  readonly memory_total_mb: number;
  readonly memory_available_mb: number;
  /** Percent. */
  readonly memory_used: number;
}

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

export async function process(agent: Agent): Promise<void> {
  const usage = measure(agent);
  await agent.publish(PARAMETERS.topic, { ...usage, node: agent.node });
  await warn(agent, 100 - usage.memory_used);
}

export function handle_task(agent: Agent): Usage {
  return measure(agent);
}

/** Raises one alert each time memory becomes short. */
async function warn(agent: Agent, availablePercent: number): Promise<void> {
  const isShort = availablePercent < PARAMETERS.memory_alert_percent;
  if (isShort && agent.state.isShort !== true) {
    await agent.alert(`Only ${round(availablePercent)} % of the memory is available`, "warning");
  }
  agent.state.isShort = isShort;
}

function measure(agent: Agent): Usage {
  const before: Ticks | undefined = agent.state.ticks;
  const now = ticks();
  agent.state.ticks = now;
  const all = before === undefined ? 0 : now.all - before.all;
  const memory = Deno.systemMemoryInfo();
  return {
    cpu: before === undefined || all <= 0 ? null : round((now.busy - before.busy) / all * 100),
    cores: cpus().length,
    load_1m: round(Deno.loadavg()[0] ?? 0),
    memory_total_mb: round(memory.total / 2 ** 20),
    memory_available_mb: round(memory.available / 2 ** 20),
    memory_used: round((1 - memory.available / memory.total) * 100),
  };
}

/** Busy and total milliseconds of all cores since the device started. */
function ticks(): Ticks {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    all += used + times.idle;
  }
  return { busy, all };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
