/** Gives commands to nodes and tasks to agents, and waits for what comes back. */
import { parseExactly } from "../protocol/json.ts";
import { ExpectedError } from "../protocol/expected_error.ts";
import type { AgentCommand, DirectCommand } from "../protocol/commands.ts";
import { topics } from "../protocol/topics.ts";
import type { Bus } from "./bus.ts";
import type { Signer } from "./signer.ts";

/** Whom a command is for has said no; the message is the node's own. */
export class RefusedError extends ExpectedError {
  override name = "RefusedError";
  override readonly code = "refused";
  /** @param refusal the node's code of a refusal for its signature, such as `unsigned` */
  constructor(message: string, readonly refusal: string | undefined) {
    super(message, refusal === "unsigned" ? { advice: "sign it with --sign-key FILE" } : {});
  }
}

/** Nothing came back in time. */
export class NoAnswerError extends ExpectedError {
  override name = "NoAnswerError";
  override readonly code = "no_answer";
}

export interface CommandOptions {
  /** Milliseconds. */
  readonly timeoutMs?: number;
  /** Whether the broker keeps the command for a node that is off. */
  readonly retain?: boolean;
  /** Ends the waiting: nobody needs the answer any more. */
  readonly signal?: AbortSignal | undefined;
}

/** What a node answers beside `ok`. */
export type Answer = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 10_000;
/** As `send_to` of agents. */
const TASK_TIMEOUT_MS = 30_000;

export class Commander {
  /**
   * @param signer signs the commands, where nodes obey only signed ones
   * @param spentMs what connecting has taken of every time-out
   */
  constructor(
    private readonly bus: Bus,
    private readonly signer: Signer | undefined,
    private readonly spentMs = 0,
  ) {}

  /** Whether what it gives counts at nodes that obey signed commands alone. */
  get signs(): boolean {
    return this.signer !== undefined;
  }

  /**
   * @throws RefusedError when the node says no
   * @throws NoAnswerError when it says nothing
   */
  async command(
    node: string,
    command: DirectCommand,
    payload: Readonly<Record<string, unknown>>,
    options: CommandOptions = {},
  ): Promise<Answer> {
    return await this.#give(node, topics.node(node, command), payload, options);
  }

  /** Leaves a command with the broker, which keeps it until the node is there. Nobody answers. */
  async leave(
    node: string,
    command: DirectCommand,
    payload: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#send(node, topics.node(node, command), payload, { retain: true });
  }

  /**
   * @param node where the agent runs
   * @throws as `command`
   */
  async agentCommand(
    node: string,
    actorId: string,
    command: AgentCommand,
    options: CommandOptions = {},
  ): Promise<Answer> {
    const payload = { command, sender: "operator", timestamp: Date.now() / 1000 };
    return await this.#give(node, topics.agentCommands(actorId), payload, options);
  }

  /**
   * Calls an agent's `handle_task`, wherever it runs.
   * @throws NoAnswerError when no node answers for it
   */
  async task(agent: string, payload: unknown, timeoutMs: number = TASK_TIMEOUT_MS): Promise<unknown> {
    const send = (replyTopic: string, timeoutMs: number) => {
      const task = { _remote_task: true, _reply_topic: replyTopic, _listening: true, payload };
      return this.bus.publish(topics.task(agent), task, { timeoutMs });
    };
    const { answered, value } = await this.#ask(send, timeoutMs);
    if (answered) return value;
    throw new NoAnswerError(
      `Agent '${agent}' did not answer within ${seconds(timeoutMs)} s: no node runs it, or it is busy`,
    );
  }

  async #give(
    node: string,
    topic: string,
    payload: Answer,
    { timeoutMs = TIMEOUT_MS, retain = false, signal }: CommandOptions,
  ): Promise<Answer> {
    const { answered, value } = await this.#ask(
      (replyTopic, timeoutMs) =>
        this.#send(node, topic, { ...payload, _reply_topic: replyTopic }, { retain, timeoutMs }),
      timeoutMs,
      signal,
    );
    if (!answered) {
      throw new NoAnswerError(
        `Node '${node}' did not answer within ${
          seconds(timeoutMs)
        } s: it is offline, or does not know the command`,
      );
    }
    const { ok, error, code, ...answer } = (value ?? {}) as Record<string, unknown>;
    if (ok === false) {
      throw new RefusedError(String(error), typeof code === "string" ? code : undefined);
    }
    return answer;
  }

  async #send(
    node: string,
    topic: string,
    command: Answer,
    { retain, timeoutMs }: { readonly retain: boolean; readonly timeoutMs?: number },
  ): Promise<void> {
    const message = this.signer === undefined
      ? command
      : await this.signer.sign(command, { node, topic, retain });
    await this.bus.publish(topic, message, { retain, timeoutMs });
  }

  /**
   * Listens first, then sends: an answer may come within a millisecond.
   * @param timeoutMs for all of it
   * @throws BusError when the broker does not take it in that time
   */
  async #ask(
    send: (replyTopic: string, timeoutMs: number) => Promise<void>,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly answered: boolean; readonly value: unknown }> {
    const replyTopic = `main/reply/${crypto.randomUUID()}`;
    const reply = Promise.withResolvers<{ answered: boolean; value: unknown }>();
    const until = performance.now() + timeoutMs - this.spentMs;
    const leftMs = () => Math.max(until - performance.now(), 0);
    using _subscription = await this.bus.subscribe(
      replyTopic,
      ({ payload }) => reply.resolve({ answered: true, value: readJson(payload) }),
      { timeoutMs: leftMs() },
    );
    await send(replyTopic, leftMs());
    const giveUp = () => reply.resolve({ answered: false, value: undefined });
    const timer = setTimeout(giveUp, leftMs());
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted === true) giveUp();
    try {
      return await reply.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }
}

/** For people. */
function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** What is not JSON is text. */
function readJson(payload: Uint8Array): unknown {
  const text = new TextDecoder().decode(payload);
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}
