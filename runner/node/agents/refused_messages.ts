/** Tells agents, in their logs, which of their messages the broker does not take. */
import { topics } from "../../../protocol/topics.ts";
import type { OutgoingMessage } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

export interface RefusedMessagesParts {
  readonly find: (agent: string) => SupervisedAgent | undefined;
  readonly log: (agent: SupervisedAgent, message: string) => void;
  /** The monotonic clock. */
  readonly nowMs: () => number;
}

/** Per agent and topic. */
const SAY_AGAIN_MS = 60_000;
const MAX_REMEMBERED = 1000;

export class RefusedMessages {
  readonly #saidAtMs = new Map<string, number>();

  constructor(private readonly parts: RefusedMessagesParts) {}

  /** @param refusal why, for the operator */
  add({ source, topic, payload }: OutgoingMessage, refusal: string): void {
    const agent = source === undefined ? undefined : this.parts.find(source);
    // A log line about a log line would be refused as well.
    if (agent === undefined || topic === topics.agent(agent.actorId, "logs")) return;
    const key = `${agent.name} ${topic}`;
    const nowMs = this.parts.nowMs();
    if (nowMs - (this.#saidAtMs.get(key) ?? -Infinity) < SAY_AGAIN_MS) return;
    this.#saidAtMs.delete(key);
    this.#saidAtMs.set(key, nowMs);
    for (const oldest of this.#saidAtMs.keys()) {
      if (this.#saidAtMs.size > MAX_REMEMBERED) this.#saidAtMs.delete(oldest);
    }
    this.parts.log(agent, `Refused by the broker: publish to ${topic} (${payload.length} bytes): ${refusal}`);
  }
}
