/**
 * Reads lines from a serial port, such as those of a GPS, a meter or a board of one's own, and publishes each. The node opens
 * the port for it; a port that was unplugged is opened again when it is back. With `simulate` it makes lines up.
 */
import type { Agent, SerialPort } from "../types.d.ts";

interface Parameters {
  /** The port; /dev/serial/by-id/… stays the same wherever it is plugged in. */
  readonly port: string;
  /** Symbols per second. */
  readonly baud: number;
  /** Whether to publish made-up lines, without a port. */
  readonly simulate: boolean;
  /** Topic for lines. */
  readonly topic: string;
}

const PARAMETERS: Parameters = {
  "port": "/dev/ttyUSB0",
  "baud": 9600,
  "simulate": false,
  "topic": "serial/lines",
};

/** A longer line is cut: a wrong rate makes noise without ends of lines. */
const MAX_LINE_CHARS = 4096;

export async function setup(agent: Agent): Promise<void> {
  if (PARAMETERS.simulate) return await agent.set_status("made-up lines");
  // A port that cannot be opened now is worth an error at once.
  await follow(agent, await opened(agent));
}

/** Opens a port again that was unplugged. */
export async function process(agent: Agent): Promise<void> {
  if (PARAMETERS.simulate) return await report(agent, madeUp());
  if (agent.state.reading !== undefined) return;
  try {
    await follow(agent, await opened(agent));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "not_found") throw error;
  }
}

export function handle_task(agent: Agent): { lines: number; last: string | null } {
  return { lines: Number(agent.state.lines ?? 0), last: (agent.state.last ?? null) as string | null };
}

function opened(agent: Agent): Promise<SerialPort> {
  return agent.serial(PARAMETERS.port, { baudRate: PARAMETERS.baud });
}

async function follow(agent: Agent, port: SerialPort): Promise<void> {
  agent.state.reading = read(agent, port).catch((error) => gone(agent, error));
  await agent.set_status(`reading ${PARAMETERS.port}`);
}

/** Returns when the port was closed. */
async function read(agent: Agent, port: SerialPort): Promise<void> {
  let rest = "";
  for await (const text of port.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = (lines.pop() ?? "").slice(0, MAX_LINE_CHARS);
    for (const line of lines) if (line !== "") await report(agent, line.slice(0, MAX_LINE_CHARS));
  }
}

async function gone(agent: Agent, error: Error): Promise<void> {
  agent.state.reading = undefined;
  if (agent.signal.aborted) return;
  await agent.set_status(`waiting for ${PARAMETERS.port}`);
  await agent.alert(`${PARAMETERS.port}: ${error.message}`);
}

async function report(agent: Agent, line: string): Promise<void> {
  agent.state.lines = Number(agent.state.lines ?? 0) + 1;
  agent.state.last = line;
  const said = { line, node: agent.node, timestamp: Date.now() / 1000 };
  await agent.publish(PARAMETERS.topic, PARAMETERS.simulate ? { ...said, simulated: true } : said);
}

/** A meter that counts. */
function madeUp(): string {
  return `total=${Math.floor(Date.now() / 1000)} power=${Math.round(400 + Math.random() * 50)}`;
}
