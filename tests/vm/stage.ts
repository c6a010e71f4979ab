/** What the scenes in the guest share: the guest, a broker on this machine that it reaches, and a count of what holds. */
import { actorId } from "../../protocol/ids.ts";
import type { Mosquitto } from "../support/brokers.ts";
import type { Bus, Message } from "../support/bus.ts";
import { type Guest, HOST_FROM_GUEST } from "./guest.ts";

/** Under emulation everything takes its time. */
const PATIENCE_MS = 180_000;

/** Counts without a gap: published first, remembered then, so that nothing is lost over any crash. */
export const COUNTER = `export async function process(agent) {
  const count = agent.recall("count", 0) + 1;
  await agent.publish("counts/" + agent.name, count);
  agent.persist("count", count);
}`;

export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

export class Stage {
  passed = 0;
  failed = 0;

  constructor(readonly guest: Guest, readonly broker: Mosquitto, readonly bus: Bus) {}

  /** The broker as the guest reaches it. */
  get brokerFromGuest(): string {
    return `${HOST_FROM_GUEST}:${this.broker.port}`;
  }

  /** Tries one law, and counts it; what fails ends nothing but itself. @returns whether it holds */
  async check(law: string, action: () => Promise<string | void>): Promise<boolean> {
    const startedMs = performance.now();
    const seconds = () => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
    try {
      const found = await action();
      this.passed++;
      say(`PASS ${law} (${seconds()})${found ? `: ${found}` : ""}`);
      return true;
    } catch (error) {
      this.failed++;
      say(`FAIL ${law} (${seconds()}): ${(error as Error).message}`);
      return false;
    }
  }

  /** The next heartbeat of a node that has all these agents, of another process than `instance`. */
  beat(node: string, agents: readonly string[] = [], instance?: string): Promise<Message> {
    return this.bus.find(
      `heartbeat of ${node} with ${agents.join(", ") || "any agents"}`,
      ({ topic, json, retained }) =>
        topic === `nodes/${node}/heartbeat` && !retained && json?.instance !== undefined &&
        json.instance !== instance && agents.every((agent) => json.agents.includes(agent)),
      this.bus.mark(),
      PATIENCE_MS,
    );
  }

  /** Spawns an agent, and waits until it runs. */
  async spawn(node: string, config: Readonly<Record<string, unknown>> & { name: string }): Promise<void> {
    const from = this.bus.mark();
    await this.bus.publish(`nodes/${node}/spawn`, config, { retain: true });
    await this.bus.find(
      `running heartbeat of ${config.name}`,
      ({ topic, json }) => topic === `agents/${actorId(config.name)}/heartbeat` && json?.state === "running",
      from,
      PATIENCE_MS,
    );
  }

  /** The next message on `topic` that fits. */
  next(topic: string, fits: (message: Message) => boolean = () => true): Promise<Message> {
    const matches = (message: Message) => message.topic === topic && fits(message);
    return this.bus.find(`message on ${topic}`, matches, this.bus.mark(), PATIENCE_MS);
  }

  /** Until a command in the guest prints what fits. @returns it */
  async until(command: string, pattern: RegExp): Promise<string> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const text = await this.guest.sh(`${command} || true`);
      if (pattern.test(text)) return text;
      if (performance.now() > deadlineMs) throw new Error(`'${command}' still prints: ${text.slice(-1500)}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** @throws Error with both */
export function expect(what: string, actual: string, pattern: RegExp): void {
  if (!pattern.test(actual)) throw new Error(`${what}: ${pattern} expected, found: ${actual.slice(0, 1500)}`);
}
