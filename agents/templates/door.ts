/**
 * Reads a contact on a GPIO line, such as a door's reed switch, and publishes when it opens or closes.
 *
 * It reads the line with `gpioget` from libgpiod (Debian: `gpiod`), which needs the permission `run`. With `path`, it
 * reads a file that holds 0 or 1 instead. Files in `/sys` are read with `cat`, because Deno's sandbox blocks that folder.
 */
import type { Agent } from "../types.d.ts";

interface Parameters {
  /** Line of the GPIO chip. */
  readonly line: number;
  /** The GPIO chip. */
  readonly chip: string;
  /** Value of the line when the door is open. */
  readonly open_level: number;
  /** Topic for changes; retained, so a late subscriber learns whether the door is open. */
  readonly topic: string;
  /** The gpioget program. */
  readonly gpioget: string;
  /** Major version of libgpiod: 1 on Debian 12, 2 from Debian 13 on. */
  readonly libgpiod: number;
  /** File with 0 or 1 to read instead of the GPIO line. */
  readonly path: string;
}

const PARAMETERS: Parameters = {
  "line": 17,
  "chip": "gpiochip0",
  "open_level": 1,
  "topic": "sensors/door",
  "gpioget": "/usr/bin/gpioget",
  "libgpiod": 1,
  "path": "",
};

export async function setup(agent: Agent): Promise<void> {
  await report(agent, await isOpen());
}

export async function process(agent: Agent): Promise<void> {
  const open = await isOpen();
  if (open !== agent.state.open) await report(agent, open);
}

export async function handle_task(): Promise<{ open: boolean }> {
  return { open: await isOpen() };
}

async function report(agent: Agent, open: boolean): Promise<void> {
  agent.state.open = open;
  const { topic } = PARAMETERS;
  await agent.publish(topic, { open, node: agent.node, timestamp: Date.now() / 1000 }, { retain: true });
  await agent.set_status(open ? "open" : "closed");
}

async function isOpen(): Promise<boolean> {
  const text = (await level()).trim();
  if (text !== "0" && text !== "1") throw new Error(`The contact reads '${text.slice(0, 40)}', not 0 or 1`);
  return Number(text) === PARAMETERS.open_level;
}

async function level(): Promise<string> {
  const { path, gpioget, libgpiod, chip, line } = PARAMETERS;
  if (path === "") {
    return await run(gpioget, libgpiod >= 2 ? ["--numeric", "-c", chip, `${line}`] : [chip, `${line}`]);
  }
  return /^\/(sys|proc|dev)\//.test(path) ? await run("/usr/bin/cat", [path]) : await Deno.readTextFile(path);
}

async function run(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}
