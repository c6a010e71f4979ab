/** Delivers tasks to the agents here, and sends their replies back. */
import { parseExactly } from "../../../protocol/json.ts";
import type { Clock } from "../../clock.ts";
import type { SupervisedAgent } from "../../supervisor/supervised_agent.ts";
import type { Reporter } from "../reports/reporter.ts";

/** A task, and where its reply goes. */
export interface Task {
  readonly payload: unknown;
  readonly replyTopic: string | undefined;
  /** For a caller on this node: takes the reply, which then does not go over the broker. */
  readonly answer?: (value: unknown) => void;
  /** The sender may not have subscribed yet: an immediate answer would be lost. */
  readonly isHasty?: boolean;
}

/** The shortest time from a hasty task to its reply, in milliseconds. */
export const HASTY_REPLY_MS = 50;

/** The size limit of the tasks that wait for an agent, in bytes: as much as may wait in its pipe. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

interface Desk {
  /** Tasks handed to the process, by their number: the process keeps their content. */
  readonly working: Map<number, Asker>;
  /** Tasks that came before `setup()` had returned. */
  readonly waiting: WaitingTask[];
  /** Whether `keep` was called: its caller takes the waiting tasks when the agent ends. */
  isKept?: boolean;
}

/** A sender that waits for an answer. */
interface Asker extends Pick<Task, "replyTopic" | "answer" | "isHasty"> {
  /** On the monotonic clock. */
  readonly takenAtMs: number;
}

type TakenTask = Task & Asker;

/** As text: many small parts take far more memory as objects. */
interface WaitingTask extends Omit<TakenTask, "payload"> {
  readonly json: string;
}

/**
 * Invariants: every accepted task gets one reply: the handler's, or an error that says why there is none; the reply to a
 * hasty task comes `HASTY_REPLY_MS` after the task or later, and at once when the node ends. Waiting tasks are bounded
 * in number and size.
 */
export class Tasks {
  readonly #desks = new Map<SupervisedAgent, Desk>();
  readonly #closing = new AbortController();
  readonly #late = new Set<Promise<void>>();
  #lastId = 0;

  /** @param limitOf how many tasks may wait for an agent's answer */
  constructor(
    private readonly reporter: Reporter,
    private readonly clock: Clock,
    private readonly limitOf: (agent: string) => number,
  ) {}

  /** Sends the replies that are held back. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#late);
  }

  /** Accepts a task for an agent that is supervised here. */
  take(agent: SupervisedAgent, given: Task): void {
    this.#take(agent, { ...given, takenAtMs: this.clock.monotonicMs() });
  }

  #take(agent: SupervisedAgent, task: TakenTask): void {
    const desk = this.#deskOf(agent);
    const limit = this.limitOf(agent.name);
    if (desk.working.size + desk.waiting.length >= limit) {
      return this.#refuse(agent, task, `Agent '${agent.name}' is busy with ${limit} tasks.`);
    }
    if (agent.isReady) this.#handOver(agent, desk, task);
    else if (agent.isStarting || agent.isMoving) this.#wait(agent, desk, task);
    else this.#refuse(agent, task, `Agent '${agent.name}' is not running: it waits for its restart or ends.`);
  }

  #wait(agent: SupervisedAgent, desk: Desk, task: TakenTask): void {
    const { payload, ...rest } = task;
    const waiting = { ...rest, json: JSON.stringify(payload) };
    const bytes = [...desk.waiting, waiting].reduce((sum, { json }) => sum + json.length, 0);
    if (bytes <= MAX_WAITING_BYTES) desk.waiting.push(waiting);
    else this.#refuse(agent, task, `Agent '${agent.name}' is not ready, and too much waits for it.`);
  }

  /** `setup()` has returned. */
  ready(agent: SupervisedAgent): void {
    const desk = this.#deskOf(agent);
    for (const task of desk.waiting.splice(0)) this.#handOver(agent, desk, withPayload(task));
  }

  /**
   * From now on, waiting tasks are not refused when the agent ends.
   * @returns takes the waiting tasks, including those that arrive later; the caller is then responsible for them
   */
  keep(agent: SupervisedAgent): () => Task[] {
    const desk = this.#deskOf(agent);
    desk.isKept = true;
    return () => desk.waiting.splice(0).map(withPayload);
  }

  done(agent: SupervisedAgent, id: number, value: unknown): void {
    const task = this.#finish(agent, id);
    if (task === undefined) return;
    agent.count("tasksCompleted");
    this.#reply(task, value);
  }

  failed(agent: SupervisedAgent, id: number, error: string, traceback: string): void {
    const task = this.#finish(agent, id);
    if (task === undefined) return;
    agent.count("errors");
    this.reporter.agentError(agent, { phase: "handle_task", severity: "warning", error, traceback });
    this.#refuse(agent, task, error);
  }

  /** The agent's process has ended: the tasks it was handling are lost. */
  exited(agent: SupervisedAgent): void {
    const desk = this.#deskOf(agent);
    const lost = [...desk.working.values()];
    desk.working.clear();
    for (const task of lost) {
      this.#refuse(agent, task, `Agent '${agent.name}' ended while it handled the task.`);
    }
  }

  ended(agent: SupervisedAgent): void {
    const { waiting, isKept } = this.#deskOf(agent);
    this.#desks.delete(agent);
    if (isKept === true) return;
    for (const task of waiting) {
      this.#refuse(agent, task, `Agent '${agent.name}' ended before it could handle the task.`);
    }
  }

  #handOver(agent: SupervisedAgent, desk: Desk, task: TakenTask): void {
    const id = ++this.#lastId;
    const { payload, ...asker } = task;
    desk.working.set(id, asker);
    if (agent.send({ t: "task", id, payload })) return;
    desk.working.delete(id);
    this.#refuse(agent, task, `Agent '${agent.name}' does not take any more tasks at the moment.`);
  }

  #finish(agent: SupervisedAgent, id: number): Asker | undefined {
    const desk = this.#deskOf(agent);
    const task = desk.working.get(id);
    desk.working.delete(id);
    return task;
  }

  #refuse(agent: SupervisedAgent, task: Asker, error: string): void {
    agent.count("tasksFailed");
    this.#reply(task, { error, error_phase: "handle_task", agent: agent.name });
  }

  #reply({ replyTopic, answer, isHasty, takenAtMs }: Asker, value: unknown): void {
    if (answer !== undefined) return answer(value);
    if (replyTopic === undefined) return;
    const waitMs = isHasty === true ? takenAtMs + HASTY_REPLY_MS - this.clock.monotonicMs() : 0;
    if (waitMs <= 0) return this.reporter.reply(replyTopic, value);
    const late = this.clock.sleep(waitMs, this.#closing.signal).then(() => {
      this.#late.delete(late);
      this.reporter.reply(replyTopic, value);
    });
    this.#late.add(late);
  }

  #deskOf(agent: SupervisedAgent): Desk {
    const desk = this.#desks.get(agent) ?? { working: new Map(), waiting: [] };
    this.#desks.set(agent, desk);
    return desk;
  }
}

function withPayload({ json, ...task }: WaitingTask): TakenTask {
  return { ...task, payload: parseExactly(json) };
}
