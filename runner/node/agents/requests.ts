/** Pending `send_to` requests of the agents here. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Tasks } from "./tasks.ts";

export interface RequestParts {
  readonly link: Link;
  readonly node: string;
  readonly clock: Clock;
  readonly tasks: Tasks;
  /** The agent of that name on this node; a promise while it is being replaced. */
  readonly findHere: (agent: string) => SupervisedAgent | undefined | Promise<SupervisedAgent | undefined>;
  /** How many replies an agent may wait for. */
  readonly limitOf: (agent: string) => number;
}

interface Pending {
  readonly agent: SupervisedAgent;
  /** The agent's own number for the request. */
  readonly id: number;
  readonly timeout: AbortController;
}

/**
 * Invariants: every request is answered exactly once: by the reply, by `null` after its timeout, or by its end; a
 * request to an agent of this node, and the reply to it, do not go over the broker.
 */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #countOf = new Map<SupervisedAgent, number>();

  constructor(private readonly parts: RequestParts) {}

  /**
   * Gives a task to another agent: the one here if there is one, else one elsewhere.
   * @returns settles when the task has been handed over, sent to the broker, queued, or dropped
   */
  ask(
    agent: SupervisedAgent,
    id: number,
    to: string,
    payload: unknown,
    timeoutMs: number,
  ): Promise<void> | void {
    const count = this.#countOf.get(agent) ?? 0;
    const limit = this.parts.limitOf(agent.name);
    if (count >= limit) {
      const error = `Agent '${agent.name}' already waits for ${limit} replies.`;
      agent.send({ t: "reply", id, value: { error } });
      return;
    }
    this.#countOf.set(agent, count + 1);
    // The topic cannot be guessed, so nobody else can answer.
    const request = crypto.randomUUID().replaceAll("-", "");
    const timeout = new AbortController();
    this.#pending.set(request, { agent, id, timeout });
    void this.#answerWhenLate(request, timeoutMs, timeout.signal);
    const replyTopic = topics.reply(this.parts.node, request);
    const give = (neighbour: SupervisedAgent | undefined): Promise<void> | void => {
      if (neighbour === undefined) return this.#sendAway(agent.name, to, replyTopic, payload);
      // The reply topic is needed if the task waits, and then moves to another node with its agent.
      this.parts.tasks.take(neighbour, {
        payload,
        replyTopic,
        answer: (value) => this.answer(request, value),
      });
    };
    const found = this.parts.findHere(to);
    return found instanceof Promise ? found.then(give) : give(found);
  }

  /** Handles a reply; a reply that nobody waits for is ignored. */
  answer(request: string, value: unknown): void {
    const pending = this.#take(request);
    pending?.agent.send({ t: "reply", id: pending.id, value });
  }

  /** The agent's process has ended, and with it all callers that waited. */
  forget(agent: SupervisedAgent): void {
    for (const [request, pending] of this.#pending) if (pending.agent === agent) this.#take(request);
  }

  #sendAway(source: string, to: string, replyTopic: string, payload: unknown): Promise<void> {
    return this.parts.link.publish({
      topic: topics.task(to),
      payload: JSON.stringify({ _remote_task: true, _reply_topic: replyTopic, payload }),
      qos: 1,
      retain: false,
      class: "telemetry",
      source,
    });
  }

  async #answerWhenLate(request: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (await this.parts.clock.sleep(timeoutMs, signal)) this.answer(request, null);
  }

  #take(request: string): Pending | undefined {
    const pending = this.#pending.get(request);
    if (pending === undefined) return undefined;
    this.#pending.delete(request);
    pending.timeout.abort();
    const left = (this.#countOf.get(pending.agent) ?? 1) - 1;
    if (left > 0) this.#countOf.set(pending.agent, left);
    else this.#countOf.delete(pending.agent);
    return pending;
  }
}
