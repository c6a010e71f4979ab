/**
 * Switches a relay or a lamp on a GPIO line, by a task or by a switch of Home Assistant. While the agent does not run, the node
 * keeps the line at its safe level. With `simulate` there is no line, for trying things out.
 */
import type { Agent, Switch } from "../types.d.ts";

interface Parameters {
  /** The line, by its name or as CHIP:LINE. */
  readonly line: string;
  /** Name of the switch. */
  readonly name: string;
  /** Whether the relay is on while the agent is paused or does not run. */
  readonly safe_on: boolean;
  /** Whether the relay is on at the low level of the line. */
  readonly active_low: boolean;
  /** Whether to do without a line. */
  readonly simulate: boolean;
}

const PARAMETERS: Parameters = {
  "line": "GPIO27",
  "name": "relay",
  "safe_on": false,
  "active_low": false,
  "simulate": false,
};

export async function setup(agent: Agent): Promise<void> {
  const { line, name, safe_on, active_low, simulate } = PARAMETERS;
  const output = simulate
    ? undefined
    : await agent.gpio(line, { direction: "out", safe: safe_on ? 1 : 0, active_low });
  agent.state.relay = await agent.switch(name, {
    on: safe_on,
    onChange: async (on) => {
      await output?.write(on);
      await agent.set_status(on ? "on" : "off");
    },
  });
  await agent.set_status(safe_on ? "on" : "off");
}

/** The state, for a task that is not for the switch. */
export function handle_task(agent: Agent): { switch: string; on: boolean } {
  const { name, on } = agent.state.relay as Switch;
  return { switch: name, on };
}
