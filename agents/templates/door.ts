/**
 * Waits for a contact on a GPIO line, such as a door's reed switch, and publishes when it opens or closes. The node opens
 * the line for it. With `simulate` a door opens and closes by itself, for trying things out.
 */
import type { Agent, GpioLine } from "../types.d.ts";

interface Parameters {
  /** The line, by its name or as CHIP:LINE. */
  readonly line: string;
  /** Level of the line when the door is open. */
  readonly open_level: number;
  /** `up`: the contact connects the line to ground; `down`: to the supply. */
  readonly bias: "up" | "down" | "off" | "as-is";
  /** How long a level has to last, milliseconds. */
  readonly debounce_ms: number;
  /** Whether to publish made-up readings, without a device. */
  readonly simulate: boolean;
  /** Topic for changes; retained, so a late subscriber learns whether the door is open. */
  readonly topic: string;
}

const PARAMETERS: Parameters = {
  "line": "GPIO17",
  "open_level": 1,
  "bias": "up",
  "debounce_ms": 20,
  "simulate": false,
  "topic": "sensors/door",
};

export async function setup(agent: Agent): Promise<void> {
  const { line, bias, debounce_ms, simulate } = PARAMETERS;
  if (!simulate) {
    const contact = await agent.gpio(line, { edges: "both", bias, debounce_ms });
    agent.state.contact = contact;
    contact.onEdge(({ value }) => report(agent, isOpen(value)));
  }
  await report(agent, await look(agent));
}

/** A change that was lost is found here at the latest. */
export async function process(agent: Agent): Promise<void> {
  const open = await look(agent);
  if (open !== agent.state.open) await report(agent, open);
}

export async function handle_task(agent: Agent): Promise<{ open: boolean }> {
  return { open: await look(agent) };
}

async function look(agent: Agent): Promise<boolean> {
  // Made up: it opens and closes with each look.
  if (PARAMETERS.simulate) return !(agent.state.open ?? true);
  return isOpen(await (agent.state.contact as GpioLine).read());
}

function isOpen(level: number): boolean {
  return level === PARAMETERS.open_level;
}

async function report(agent: Agent, open: boolean): Promise<void> {
  agent.state.open = open;
  const { topic, simulate } = PARAMETERS;
  const state = { open, node: agent.node, timestamp: Date.now() / 1000 };
  await agent.publish(topic, simulate ? { ...state, simulated: true } : state, { retain: true });
  await agent.set_status(open ? "open" : "closed");
}
