/** Makes a fault happen, and puts right what an operator, a reboot or an electrician would. */
import { actorId } from "../../protocol/ids.ts";
import { delay } from "@std/async/delay";
import type { Message } from "../support/bus.ts";
import {
  type Fault,
  type FleetFault,
  isOfFleet,
  type NodeName,
  NODES,
  type Step,
  type Victim,
} from "./faults.ts";
import { type Field, PATIENCE_MS } from "./field.ts";
import { hitFleet } from "./hit_fleet.ts";

/** What a fault has destroyed. */
export interface Damage {
  /** Nodes whose runner was killed. */
  readonly killed: readonly NodeName[];
  /** What is not as it should be, in words. */
  readonly violations?: readonly string[];
  /** When, on this process' clock. */
  readonly atMs: number;
}

const LOOK_AGAIN_MS = 100;

type MigrationFault = Extract<Fault, { kind: "migration" }>;
type PlainFault = Exclude<Fault, MigrationFault | FleetFault>;

export async function inject(field: Field, fault: Fault): Promise<Damage> {
  if (fault.kind === "migration") return await hitMigration(field, fault);
  if (isOfFleet(fault)) return await hitFleet(field, fault);
  const atMs = performance.now();
  return { killed: await carryOut(field, fault), atMs };
}

/** @returns the nodes whose runner was killed */
async function carryOut(field: Field, fault: PlainFault): Promise<readonly NodeName[]> {
  switch (fault.kind) {
    case "broker killed":
      await restartBroker(field, fault.ms);
      return [];
    case "broker killed again and again":
      for (const ms of fault.upMs) {
        await restartBroker(field, 0);
        await delay(ms);
      }
      return [];
    case "broker stopped":
      field.broker.signal("SIGSTOP");
      await delay(fault.ms);
      field.broker.signal("SIGCONT");
      return [];
    case "runner killed":
      await restartRunner(field, fault.node, fault.ms);
      return [fault.node];
    case "runner killed while it starts":
      await restartRunner(field, fault.node, 0);
      await delay(fault.ms);
      await restartRunner(field, fault.node, 0);
      return [fault.node];
    case "runner killed in an outage":
      field.links[fault.node].cut();
      await delay(fault.ms);
      await restartRunner(field, fault.node, 0);
      await delay(fault.ms);
      field.restoreLink(fault.node);
      return [fault.node];
    case "agent killed":
      for (const { pid } of await field.hostsOf(fault.agent)) kill(pid);
      return [];
    case "link cut":
      await cutLink(field, fault.node, fault.ms);
      return [];
    case "link stalled":
      field.links[fault.node].stall(fault.direction);
      await delay(fault.ms);
      field.restoreLink(fault.node);
      return [];
    case "link stalled, then cut":
      field.links[fault.node].stall(fault.direction);
      await delay(fault.ms);
      await cutLink(field, fault.node, 0);
      return [];
    case "power cut":
      await Promise.all([field.killBroker(), ...NODES.map((node) => field.killRunner(node))]);
      // The agents come back before the broker does.
      await Promise.all(NODES.map((node) => field.startRunner(node)));
      await delay(fault.brokerMs);
      await field.launchBroker();
      return NODES;
    default:
      return fault satisfies never;
  }
}

async function hitMigration(
  field: Field,
  { agent, step, victim, ms, also }: MigrationFault,
): Promise<Damage> {
  const move = await reachStep(field, agent, step);
  const atMs = performance.now();
  const second = async () => {
    if (also === undefined) return [];
    await delay(also.afterMs);
    return await hit(field, also.victim, move, 0);
  };
  const killed = await Promise.all([hit(field, victim, move, ms), second()]);
  return { killed: killed.flat(), atMs };
}

interface Move {
  readonly source: NodeName;
  readonly target: NodeName;
  /** Of the agent's process on the source. */
  readonly pid: number | undefined;
}

/** @returns the nodes whose runner was killed */
async function hit(
  field: Field,
  victim: Victim,
  { source, target, pid }: Move,
  ms: number,
): Promise<NodeName[]> {
  switch (victim) {
    case "source":
      await restartRunner(field, source, ms);
      return [source];
    case "target":
      await restartRunner(field, target, ms);
      return [target];
    case "broker":
      await restartBroker(field, ms);
      return [];
    case "agent":
      kill(pid);
      return [];
    case "source link":
      await cutLink(field, source, ms);
      return [];
    case "target link":
      await cutLink(field, target, ms);
      return [];
    default:
      return victim satisfies never;
  }
}

/** Begins a migration, and resolves at the moment its `step` is seen. */
async function reachStep(field: Field, agent: string, step: Step): Promise<Move> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (; performance.now() < deadlineMs; await delay(LOOK_AGAIN_MS)) {
    const [host, second] = await field.hostsOf(agent);
    // It is still on its way from the last time: a command can come late.
    if (host === undefined || second !== undefined) continue;
    const { node: source, pid } = host;
    const target = source === "a" ? "b" : "a";
    const from = field.bus.mark();
    void field.bus.publish(`nodes/${source}/migrate`, { name: agent, target_node: target });
    const isStep = stepOf(step, agent, source, target);
    const isRefusal = ({ topic, json }: Message) =>
      topic === `nodes/${source}/migrate_result` && json.success === false && json.agent === agent;
    const seen = await field.bus.find(
      `step '${step}'`,
      (message) => isStep(message) || isRefusal(message),
      from,
      PATIENCE_MS,
    );
    if (isStep(seen)) return { source, target, pid };
  }
  throw new Error(`Step '${step}' of a migration of '${agent}' was not reached`);
}

function stepOf(
  step: Step,
  agent: string,
  source: NodeName,
  target: NodeName,
): (message: Message) => boolean {
  switch (step) {
    case "command":
      return ({ topic }) => topic === `nodes/${source}/migrate`;
    case "probe":
      return ({ topic, json }) => topic === `nodes/${target}/list` && json?._reply_topic === undefined;
    case "spawn":
      return ({ topic, json }) => topic === `nodes/${target}/spawn` && json?.name === agent;
    case "running":
      return ({ topic, json }) =>
        topic === `agents/${actorId(agent)}/heartbeat` && json.node === target && json.state === "running";
    case "decision":
      return ({ topic, json }) =>
        topic === `nodes/${target}/migration` && json.agent === agent && "decision" in json;
    case "result":
      return ({ topic, json }) =>
        topic === `nodes/${source}/migrate_result` && json.agent === agent && json.success === true;
    default:
      return step satisfies never;
  }
}

async function restartBroker(field: Field, ms: number): Promise<void> {
  await field.killBroker();
  await delay(ms);
  await field.launchBroker();
}

async function restartRunner(field: Field, node: NodeName, ms: number): Promise<void> {
  await field.killRunner(node);
  await delay(ms);
  await field.startRunner(node);
}

async function cutLink(field: Field, node: NodeName, ms: number): Promise<void> {
  field.links[node].cut();
  await delay(ms);
  field.restoreLink(node);
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
