/** What a real node with agents says in ten seconds, to be said again by simulated ones. */
import { actorId } from "../../protocol/ids.ts";
import { topics } from "../../protocol/topics.ts";
import { delay } from "@std/async/delay";
import { Bus } from "../support/bus.ts";
import { NodeProcess } from "../support/node_process.ts";

/** The period of all reports, milliseconds. */
export const PERIOD_MS = 10_000;
const NODE = "node-00000";
/** Agents have ended their start by then. */
const SETTLE_MS = 2000;

export interface Recording {
  /** Its messages of one period, under the names of simulated node `index`: as long as the real ones. */
  of(index: number): readonly { readonly topic: string; readonly payload: string }[];
  /** The topics that such a node subscribes to. */
  filtersOf(index: number): readonly string[];
  /** Topic and payload of one period, bytes. */
  readonly bytes: number;
  readonly count: number;
}

export async function recordNode(port: number, agents: number): Promise<Recording> {
  await using bus = await Bus.connect(port);
  await using node = await NodeProcess.start({ name: NODE, port });
  await bus.on(topics.nodeHeartbeat(NODE));
  const names = Array.from({ length: agents }, (_, index) => agentName(0, index));
  for (const name of names) {
    await node.spawn(bus, { name, code: "const process = () => {};", poll_interval: 5 });
  }
  await delay(SETTLE_MS);
  const from = bus.mark();
  await delay(PERIOD_MS);
  const messages = bus.messages.slice(from).map(({ topic, text }) => ({ topic, text }));
  const rename = (text: string, index: number) => {
    const renamed = names.reduce(
      (all, name, agent) =>
        all.replaceAll(name, agentName(index, agent)).replaceAll(
          actorId(name),
          actorId(agentName(index, agent)),
        ),
      text,
    );
    return renamed.replaceAll(NODE, nodeName(index));
  };
  return {
    of: (index) =>
      messages.map(({ topic, text }) => ({ topic: rename(topic, index), payload: rename(text, index) })),
    filtersOf: (index) => [
      ...(["spawn", "stop", "list", "migrate", "desired_state", "inspect", "upgrade", "stop_all"] as const)
        .map((command) => topics.node(nodeName(index), command)),
      ...names.flatMap((_, agent) => [
        topics.task(agentName(index, agent)),
        topics.agentCommands(actorId(agentName(index, agent))),
      ]),
    ],
    bytes: messages.reduce((sum, { topic, text }) => sum + topic.length + text.length, 0),
    count: messages.length,
  };
}

function nodeName(index: number): string {
  return `node-${String(index).padStart(5, "0")}`;
}

function agentName(node: number, agent: number): string {
  return `agent-${String(agent).padStart(2, "0")}-${nodeName(node)}`;
}
