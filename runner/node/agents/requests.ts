/** Requests that agents here have made with `send_to`, until their replies come. */
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

/** Invariant: every request is answered exactly once: by the reply, by `null` when its time is up, or by its end. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #countOf = new Map<SupervisedAgent, number>();

  /** @param limitOf for how many replies an agent may wait */
  constructor(
    private readonly link: Link,
    private readonly node: string,
    private readonly clock: Clock,
    private readonly limitOf: (agent: string) => number,
  ) {}

  /**
   * Sends a task to another agent, wherever it runs.
   * @returns settles when the task is with the broker, kept, or dropped
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
    // Nobody can guess it, so nobody else can answer.
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

  /** A reply has come; one that nobody waits for any more is passed over. */
  answer(request: string, value: unknown): void {
    const pending = this.#take(request);
    pending?.agent.send({ t: "reply", id: pending.id, value });
  }

  /** The agent's process has ended, and whoever waited in it. */
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
