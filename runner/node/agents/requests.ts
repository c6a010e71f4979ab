/** Pending `send_to` requests of the agents here. */
import { topics } from "../../../protocol/topics.ts";
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";

interface Pending {
  readonly agent: SupervisedAgent;
  /** The agent's own number for the request. */
  readonly id: number;
  readonly timeout: AbortController;
}

/** Invariant: every request is answered exactly once: by the reply, by `null` after its timeout, or by its end. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #countOf = new Map<SupervisedAgent, number>();

  /** @param limitOf how many replies an agent may wait for */
  constructor(
    private readonly link: Link,
    private readonly node: string,
    private readonly clock: Clock,
    private readonly limitOf: (agent: string) => number,
  ) {}

  /**
   * Sends a task to another agent, wherever it runs.
   * @returns settles when the task has been sent to the broker, queued, or dropped
   */
  ask(
    agent: SupervisedAgent,
    id: number,
    to: string,
    payload: unknown,
    timeoutMs: number,
  ): Promise<void> | void {
    const count = this.#countOf.get(agent) ?? 0;
    const limit = this.limitOf(agent.name);
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
    const task = { _remote_task: true, _reply_topic: topics.reply(this.node, request), payload };
    return this.link.publish({
      topic: topics.task(to),
      payload: JSON.stringify(task),
      qos: 1,
      retain: false,
      class: "telemetry",
      source: agent.name,
    });
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

  async #answerWhenLate(request: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (await this.clock.sleep(timeoutMs, signal)) this.answer(request, null);
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
