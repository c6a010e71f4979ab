/** Sends commands to nodes and tasks to agents, and waits for the answers. */
import { isJsonObject, parseExactly } from "../protocol/json.ts";
import { ExpectedError } from "../protocol/expected_error.ts";
import type { AgentCommand, DirectCommand } from "../protocol/commands.ts";
import { topics } from "../protocol/topics.ts";
import type { Bus } from "./bus.ts";
import type { Signer } from "./signer.ts";

/** The node refused the command. The message is the node's own. */
export class RefusedError extends ExpectedError {
  override name = "RefusedError";
  override readonly code = "refused";
  /** @param refusal the node's code when it refused because of the signature, such as `unsigned` */
  constructor(message: string, readonly refusal: string | undefined) {
    super(message, refusal === "unsigned" ? { advice: "sign it with --sign-key FILE" } : {});
  }
}

/** No answer arrived in time. */
export class NoAnswerError extends ExpectedError {
  override name = "NoAnswerError";
  override readonly code = "no_answer";
}

export interface CommandOptions {
  /** Milliseconds. */
  readonly timeoutMs?: number;
  /** Whether the broker keeps the command for a node that is offline. */
  readonly retain?: boolean;
  /** Called once the broker has the command. */
  readonly onSent?: () => void;
  /** Stops waiting: the answer is no longer needed. */
  readonly signal?: AbortSignal | undefined;
}

/** The fields of a node's answer other than `ok`. */
export type Answer = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 10_000;
/** Same as the agents' `send_to`. */
const TASK_TIMEOUT_MS = 30_000;

export class Commander {
  /**
   * @param signer signs the commands, for nodes that obey only signed ones
   * @param spentMs the time that connecting took; it counts against every time-out
   */
  constructor(
    private readonly bus: Bus,
    private readonly signer: Signer | undefined,
    private readonly spentMs = 0,
  ) {}

  /** The key that signs commands: it signs the history of a fleet, too. */
  get key(): Pick<Signer, "kid" | "public" | "seal"> | undefined {
    return this.signer;
  }

  /** Whether commands are signed, so that nodes that require signatures accept them. */
  get signs(): boolean {
    return this.signer !== undefined;
  }

  /**
   * @throws RefusedError when the node refuses
   * @throws NoAnswerError when it does not answer in time
   */
  async command(
    node: string,
    command: DirectCommand,
    payload: Readonly<Record<string, unknown>>,
    options: CommandOptions = {},
  ): Promise<Answer> {
    return await this.#give(node, topics.node(node, command), payload, options);
  }

  /** Publishes a retained command, which the node receives when it comes online. Does not wait for an answer. */
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
   * @throws NoAnswerError when no reply arrives in time
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

  /**
   * Asks a question that several may answer.
   * @param onAnswer called for each answer that is an object, until the result is disposed of
   * @throws BusError when the broker does not accept the question in time
   */
  async ask(topic: string, onAnswer: (answer: Answer) => void): Promise<Disposable> {
    const replyTopic = `main/reply/${crypto.randomUUID()}`;
    const subscription = await this.bus.subscribe(replyTopic, ({ payload }) => {
      const answer = readJson(payload);
      if (isJsonObject(answer)) onAnswer(answer);
    });
    try {
      await this.bus.publish(topic, { _reply_topic: replyTopic });
    } catch (error) {
      subscription[Symbol.dispose]();
      throw error;
    }
    return subscription;
  }

  async #give(
    node: string,
    topic: string,
    payload: Answer,
    { timeoutMs = TIMEOUT_MS, retain = false, signal, onSent }: CommandOptions,
  ): Promise<Answer> {
    const { answered, value } = await this.#ask(
      async (replyTopic, timeoutMs) => {
        await this.#send(node, topic, { ...payload, _reply_topic: replyTopic }, { retain, timeoutMs });
        onSent?.();
      },
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
   * Subscribes first, then sends: the answer may arrive within a millisecond.
   * @param timeoutMs limit for the whole exchange
   * @throws BusError when the broker does not accept the message in that time
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

/** Rounded for display. */
function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Anything that is not JSON is text. */
function readJson(payload: Uint8Array): unknown {
  const text = new TextDecoder().decode(payload);
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

/** Protocol: an agent replies like this if its handle_task threw or does not exist. */
export function isFailure(reply: unknown): boolean {
  return isJsonObject(reply) && "error" in reply;
}
