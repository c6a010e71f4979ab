/** From a message on a topic to the command that it is; errors go back to whoever can read them. */
import { replyRefusal } from "../../../protocol/agent_topics.ts";
import {
  type Incoming,
  matchIncoming,
  NODE_COMMANDS,
  type NodeCommand,
  publishTopicError,
  topics,
} from "../../../protocol/topics.ts";
import { hasTooManyParts, MAX_NESTING, MAX_PARTS, nestsTooDeep } from "../../../protocol/json.ts";
import { SpawnConfigError } from "../../../protocol/spawn_config.ts";
import { PolicyRefusal } from "../../policy/gatekeeper.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { Logger } from "../../logger.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { UpgradeError } from "../../../protocol/upgrade_package.ts";
import { withoutVerifying } from "../../../protocol/signing/envelope.ts";
import type { Admissions, Admitted } from "./admissions.ts";
import { agentCommand } from "../commands/agent_command.ts";
import { type Answer, type Command, type CommandContext, CommandError } from "../commands/command.ts";
import { desiredState } from "../commands/desired_state.ts";
import { inspect } from "../commands/inspect.ts";
import { list } from "../commands/list.ts";
import { migrate } from "../commands/migrate.ts";
import { migration } from "../commands/migration.ts";
import { spawn } from "../commands/spawn.ts";
import { stop, stopAll } from "../commands/stop.ts";
import { upgrade } from "../commands/upgrade.ts";
import { task } from "../commands/task.ts";
import { KeptCommandError, RetainedRefusals } from "./retained_refusals.ts";
import type { Requests } from "../agents/requests.ts";

type Handler = (context: CommandContext, command: Command) => Promise<Answer>;

const HANDLERS: Readonly<Record<NodeCommand, Handler>> = {
  spawn,
  desired_state: desiredState,
  stop,
  stop_all: stopAll,
  list,
  inspect,
  migrate,
  migration,
  upgrade,
};

/** Which commands say what should be, so that they count when the broker has kept them, too; the others say what to do once. */
const MAY_BE_KEPT: Readonly<Record<NodeCommand, boolean>> = {
  spawn: true,
  desired_state: true,
  stop: false,
  stop_all: false,
  list: false,
  inspect: false,
  migrate: false,
  migration: false,
  upgrade: false,
};

/** Invariant: no message, whatever is in it, makes it throw; none waits for another to be carried out. */
export class Controller {
  readonly #refusals: RetainedRefusals;

  constructor(
    private readonly context: CommandContext,
    private readonly requests: Requests,
    private readonly admissions: Admissions,
    private readonly log: Logger,
  ) {
    const kept = NODE_COMMANDS.filter((command) => MAY_BE_KEPT[command]);
    this.#refusals = new RetainedRefusals(kept.map((command) => topics.node(context.identity.name, command)));
  }

  /** Carries out what the message says. Resolves when that is done. */
  async receive(message: IncomingMessage): Promise<void> {
    const incoming = matchIncoming(this.context.identity.name, message.topic);
    // A cleared retained message is no command.
    if (incoming === undefined || !this.#isMeantForUs(incoming)) return;
    if (message.payload.length === 0 && needsPayload(incoming)) return;
    // Of an earlier request: nobody has published it now.
    if (message.retained && incoming.kind === "reply") return;
    if (this.#refusals.isSettled(message)) return;
    let command: Command | undefined;
    let admitted: Admitted | undefined;
    try {
      command = decode(message);
      if (message.retained && !mayBeKept(incoming)) throw new KeptCommandError(message.topic);
      const admission = this.admissions.admit(incoming, command);
      admitted = admission instanceof Promise ? await admission : admission;
      command = admitted.command;
      // A task says it itself, with the agent's name.
      const problem = incoming.kind === "task" ? undefined : replyTopicProblem(command);
      if (problem !== undefined) throw new CommandError(`Cannot handle ${message.topic}: ${problem}`);
      const answer = await this.#carryOut(incoming, command);
      if (answer !== undefined) this.#answer(command, { ok: true, ...answer });
    } catch (error) {
      this.#report(command, error, message, admitted);
    } finally {
      await admitted?.done?.();
    }
  }

  /** A task for an agent that is not here is for another node, whatever is in it. */
  #isMeantForUs(incoming: Incoming): boolean {
    const { supervisor } = this.context;
    if (incoming.kind === "task") return supervisor.find(incoming.agent) !== undefined;
    return true;
  }

  async #carryOut(incoming: Incoming, command: Command): Promise<Answer | undefined> {
    switch (incoming.kind) {
      case "command":
        return await HANDLERS[incoming.command](this.context, command);
      case "agent_command":
        return await agentCommand(this.context, command, incoming.actorId);
      case "task":
        await task(this.context, command, incoming.agent);
        return undefined;
      case "reply":
        if (command.json === undefined) throw new CommandError("A reply must be JSON");
        this.requests.answer(incoming.request, command.json);
        return undefined;
      default:
        return incoming satisfies never;
    }
  }

  #answer(command: Command, answer: Answer): void {
    const topic = replyTopicOf(command);
    if (topic !== undefined) this.context.reporter.reply(topic, answer);
  }

  #report(command: Command | undefined, error: unknown, message: IncomingMessage, admitted?: Admitted): void {
    const { topic } = message;
    if (!this.#refusals.isNews(message, error)) {
      return this.log.debug(`${topic}: the retained message is refused as before`);
    }
    if (error instanceof Refusal) return this.#refuse(command, error, message);
    const expected = error instanceof CommandError || error instanceof SpawnConfigError ||
      error instanceof PolicyRefusal || error instanceof UpgradeError;
    const text = error instanceof Error ? error.message : String(error);
    const words = expected ? text : `Internal error while handling a message: ${text}`;
    if (!expected) this.log.error(`${topic}: ${error instanceof Error ? error.stack ?? text : text}`);
    else this.log.warning(`${topic}: ${words}`);
    const child = expected && "agent" in error ? error.agent : undefined;
    const agent = child === undefined ? {} : { child_name: child };
    this.context.reporter.nodeLog("error", words, agent);
    if (admitted !== undefined) this.admissions.failed(admitted, words);
    if (command !== undefined) this.#answer(command, { ok: false, error: words });
  }

  #refuse(command: Command | undefined, refusal: Refusal, { topic, retained }: IncomingMessage): void {
    const { code, message, agent } = refusal;
    const { reporter, identity } = this.context;
    this.log.warning(message);
    reporter.nodeLog("error", message, { code, ...(agent === undefined ? {} : { child_name: agent }) });
    this.admissions.refused(topic, refusal);
    // It was taken over before, and the broker has kept it nevertheless.
    if (code === "replayed" && retained && topic === topics.node(identity.name, "spawn")) {
      reporter.clearRetained(topic);
    }
    if (command === undefined) return;
    this.#answer({ ...command, json: withoutVerifying(command.json) }, { ok: false, error: message, code });
  }
}

function mayBeKept(incoming: Incoming): boolean {
  return incoming.kind === "command" && MAY_BE_KEPT[incoming.command];
}

/** `stop_all` and `list` mean what they mean without a payload too. */
function needsPayload(incoming: Incoming): boolean {
  return !(incoming.kind === "command" && (incoming.command === "stop_all" || incoming.command === "list"));
}

/** A `desired_state` of a great many agents is smaller. */
const MAX_COMMAND_BYTES = 64 * 1024 * 1024;

function decode({ topic, payload, retained }: IncomingMessage): Command {
  if (payload.length > MAX_COMMAND_BYTES) {
    throw new CommandError(
      `Cannot read the message on ${topic}: it has ${payload.length} bytes, the limit is ${MAX_COMMAND_BYTES}`,
    );
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    throw new CommandError(`Cannot read the message on ${topic}: its payload is not UTF-8`);
  }
  if (hasTooManyParts(text)) {
    throw new CommandError(
      `Cannot read the message on ${topic}: it holds more than ${MAX_PARTS} objects, lists and texts`,
    );
  }
  const json = parseJson(text);
  if (nestsTooDeep(json)) {
    throw new CommandError(
      `Cannot read the message on ${topic}: its JSON is nested more than ${MAX_NESTING} levels deep`,
    );
  }
  return { topic, text, json, retained };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some commands accept bare text: each says itself what it needs.
    return undefined;
  }
}

/** Why the sender could never be answered. */
function replyTopicProblem({ json }: Command): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const topic = (json as Record<string, unknown>)._reply_topic ?? undefined;
  if (topic === undefined) return undefined;
  const problem = publishTopicError(topic) ?? replyRefusal(topic as string);
  return problem === undefined ? undefined : `_reply_topic: ${problem}`;
}

function replyTopicOf({ json }: Command): string | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const topic = (json as Record<string, unknown>)._reply_topic;
  if (typeof topic !== "string") return undefined;
  return (publishTopicError(topic) ?? replyRefusal(topic)) === undefined ? topic : undefined;
}
