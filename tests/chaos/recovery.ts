/** Waits until everything runs again after a fault, and finds out what it has cost. */
import { AGENTS, topicOf } from "./agents.ts";
import type { Field } from "./field.ts";
import { PATIENCE_MS } from "./field.ts";
import type { Damage } from "./inject.ts";
import type { Ledger } from "./ledger.ts";

export interface Recovery {
  /** From the fault until the last agent had answered a task. */
  readonly ms: number;
  readonly orphans: number;
  /** Agents that run nowhere, or on two nodes, for good. */
  readonly agentsLost: number;
  /** What went wrong, in words. */
  readonly violations: readonly string[];
}

export async function recover(field: Field, { killed, atMs, ...damage }: Damage): Promise<Recovery> {
  const violations: string[] = [...damage.violations ?? []];
  let agentsLost = 0;
  let ms = 0;
  for (const { name } of AGENTS) {
    try {
      const { alive, answeredMs } = await untilItLives(field, name);
      ms = Math.max(ms, answeredMs - atMs);
      const ledger = field.ledgers.get(name);
      if (ledger === undefined) continue;
      const excused = field.outbox === "memory" ? killed : [];
      await untilNothingIsOwed(field, ledger, alive, excused);
      violations.push(...ledger.close(alive, excused));
    } catch (error) {
      agentsLost += 1;
      violations.push(`agent '${name}' does not come back: ${(error as Error).message}`);
    }
  }
  if (!await eventually(field, () => field.allShownOnline)) {
    violations.push("a node that lives is shown offline");
  }
  const orphans = await field.orphans();
  if (orphans > 0) violations.push(`${orphans} agents have outlived their runner`);
  return { ms, orphans, agentsLost, violations };
}

/** Resolves when exactly one node has the agent, it answers there, and its `process()` is called there. */
async function untilItLives(field: Field, agent: string) {
  let answeredMs: number | undefined;
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { nonce, node } = await field.askAgent(agent);
    answeredMs ??= performance.now();
    const hosts = await field.hostsOf(agent);
    const from = field.bus.mark();
    if (hosts.length === 1 && hosts[0]?.node === node && await speaks(field, agent, nonce, from)) {
      return { alive: nonce, answeredMs };
    }
    if (performance.now() > deadlineMs) {
      const where = hosts.map((host) => host.node).join(" and ") || "no node";
      throw new Error(`it is on ${where}, and instance ${nonce} on ${node} answers`);
    }
  }
}

/** Whether `nonce` publishes; `false` when another has taken its place. */
async function speaks(field: Field, agent: string, nonce: string, from: number): Promise<boolean> {
  const topic = topicOf(agent);
  try {
    await field.bus.find(
      `message of ${nonce}`,
      (message) => message.topic === topic && message.json.nonce === nonce,
      from,
      3000,
    );
    return true;
  } catch {
    // It has moved, or waits: asked again.
    return false;
  }
}

async function untilNothingIsOwed(
  field: Field,
  ledger: Ledger,
  alive: string,
  excused: readonly string[],
): Promise<void> {
  await eventually(field, () => ledger.isSettled(alive, excused));
}

/** Whether `holds` holds, now or after one of the messages to come. */
async function eventually(field: Field, holds: () => boolean): Promise<boolean> {
  if (holds()) return true;
  try {
    await field.bus.find("end of the recovery", () => holds(), field.bus.mark());
    return true;
  } catch {
    return false;
  }
}
