/** Runs in the guest, as root: a node on an embedded broker, and what a scenario needs of it. */
import { actorId } from "../../../protocol/ids.ts";
import { Bus, type Message } from "../../support/bus.ts";

/** Everything may be emulated. */
export const PATIENCE_MS = 60_000;
const PORT = 1883;

// deno-lint-ignore no-explicit-any -- payloads of every shape
export type Json = any;

export const say = (line: string): void => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

export async function check(law: string, action: () => Promise<string | void>): Promise<void> {
  const startedMs = performance.now();
  const seconds = () => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
  try {
    const found = await action();
    say(`PASS ${law} (${seconds()})${found ? `: ${found}` : ""}`);
  } catch (error) {
    say(`FAIL ${law} (${seconds()}): ${(error as Error).message}`);
  }
}

/** A node that agents may have the devices of `policy` from. */
export async function startNode(policy: Json): Promise<Deno.ChildProcess> {
  await Deno.writeTextFile("/tmp/policy.json", JSON.stringify(policy), { mode: 0o600 });
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "/agentflow-node.js", "--broker", "embedded", "--name", "board"],
      ...[
        "--policy",
        "/tmp/policy.json",
        "--state-dir",
        "/state",
        "--work-dir",
        "/work",
        "--hang-timeout",
        "8",
      ],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

export async function connect(): Promise<Bus> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await Bus.connect(PORT);
    } catch (error) {
      if (performance.now() - startedMs > PATIENCE_MS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

export const find = (
  bus: Bus,
  what: string,
  topic: string,
  fits: (json: Json) => boolean,
  from = 0,
): Promise<Message> =>
  bus.find(what, (message) => message.topic === topic && fits(message.json), from, PATIENCE_MS);

export const running = (bus: Bus, name: string, from = 0): Promise<Message> =>
  find(bus, `${name} runs`, `agents/${actorId(name)}/manifest`, (json) => json !== undefined, from);

/** @returns what the node answers */
export async function spawn(bus: Bus, name: string, code: string, devices: Json): Promise<Json> {
  const config = { name, code, devices, restart_delay: 0.1 };
  return (await bus.ask("nodes/board/spawn", config, PATIENCE_MS)).json;
}

/** Runs a scenario to its end, and ends. */
export async function scenario(main: () => Promise<void>): Promise<never> {
  try {
    await main();
  } catch (error) {
    say(`FAIL the scenario: ${(error as Error).stack ?? error}`);
  }
  Deno.exit(0);
}
