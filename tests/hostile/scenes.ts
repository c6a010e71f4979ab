/** Steps that attacks of several steps share. */
import { actorId } from "../../protocol/ids.ts";
import type { Message } from "../support/bus.ts";
import { NEIGHBOUR } from "./neighbour.ts";
import type { Field } from "./field.ts";

/** Milliseconds: what takes the machine to its limits may take its time. */
export const PATIENT = 60_000;

/** Spawns a hostile agent, and waits for nothing. */
export async function launch(
  { bus, node, fill }: Field,
  name: string,
  code: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const all = { name, code, max_restarts: 0, poll_interval: 0.05, ...config };
  await bus.publish(`nodes/${node.name}/spawn`, fill(JSON.stringify(all)));
}

/** The first report of that kind about the agent whose text fits. */
export async function reported(
  { bus }: Field,
  name: string,
  kind: "errors" | "logs" | "heartbeat",
  says: RegExp,
  from: number,
): Promise<Message> {
  const topic = `agents/${actorId(name)}/${kind}`;
  const fits = (message: Message) => message.topic === topic && says.test(message.text);
  try {
    return await bus.find(kind, fits, from, PATIENT);
  } catch {
    const instead = bus.all(topic, from).map(({ text }) => text);
    throw new Error(
      `nothing on ${kind} says ${says}; it says: ${instead.slice(-3).join(" | ").slice(0, 1000)}`,
    );
  }
}

/** Waits for what the agent publishes last. @throws Error when it ends before */
export async function lastWord({ bus }: Field, id: string, from: number): Promise<void> {
  const errors = `agents/${actorId(id)}/errors`;
  const hasEnded = ({ topic, json }: Message) => topic === errors && json?.severity === "fatal";
  const { topic, text } = await bus.find(
    "its last word",
    (message) => message.topic === `forged/${id}` || hasEnded(message),
    from,
    PATIENT,
  );
  if (topic === errors) throw new Error(`it has ended before its last word: ${text.slice(0, 1000)}`);
}

/** @throws Error unless neighbour and node answer */
export async function assertAnswers({ bus, node }: Field): Promise<void> {
  const task = `agents/by-name/${NEIGHBOUR}/task`;
  const { json } = await bus.ask(task, { payload: "still there?" });
  if (json?.echo !== "still there?") {
    throw new Error(`the neighbour does not answer: ${JSON.stringify(json)}`);
  }
  const list = await bus.ask(`nodes/${node.name}/list`, {});
  if (list.json?.ok !== true) throw new Error("the node does not answer");
}

/** Stops an agent. @throws Error when the node cannot */
export async function stop({ bus, node }: Field, name: string): Promise<void> {
  const { json } = await bus.ask(`nodes/${node.name}/stop`, { name });
  if (json.ok !== true && !/not running/.test(json.error)) {
    throw new Error(`it cannot be stopped: ${json.error}`);
  }
}
