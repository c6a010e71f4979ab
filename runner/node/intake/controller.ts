/** Turns a message on a topic into a command and carries it out; errors are reported to the sender. */
import { ExpectedError } from "../../../protocol/expected_error.ts";
import { replyRefusal } from "../../../protocol/agent_topics.ts";
import {
  DIRECT_COMMANDS,
  type Incoming,
  matchIncoming,
  mayBeKept,
  type NodeCommand,
} from "../../../protocol/commands.ts";
import { publishTopicError, topics } from "../../../protocol/topics.ts";
import {
  hasTooManyParts,
  MAX_NESTING,
  MAX_PARTS,
  nestsTooDeep,
  parseExactly,
} from "../../../protocol/json.ts";
import type { IncomingMessage } from "../../link/link.ts";
import type { RefusalMeter } from "../../audit/refusal_meter.ts";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { withoutVerifying } from "../../../protocol/signing/envelope.ts";
import type { Admissions, Admitted } from "./admissions.ts";
import { type Answer, type Command, type CommandContext, CommandError } from "../commands/command.ts";
import { HANDLERS } from "../commands/handlers.ts";
import { detached } from "./detached.ts";
import { Line, type Turn } from "./line.ts";
import { subjectOf } from "./overtaken.ts";
import { KeptCommandError, RetainedRefusals } from "./retained_refusals.ts";

/** The commands that need no payload; for all others, an empty payload is a cleared retained message. */
const NEEDS_NO_PAYLOAD: readonly NodeCommand[] = ["stop_all", "list"];

/** Invariant: no message makes it throw, whatever its content; no message waits until another is carried out. */
export class Controller {
  readonly #refusals: RetainedRefusals;
  readonly #line: Line;

  constructor(
    private readonly context: CommandContext,
    private readonly admissions: Admissions,
    /** In a flood of bad messages, not every error is reported. */
    private readonly meter: RefusalMeter,
    private readonly log: Logger,
    clock: Clock,
  ) {
    const node = context.identity.name;
    this.#line = new Line(clock);
    this.#refusals = new RetainedRefusals(
      DIRECT_COMMANDS.filter(mayBeKept).map((kept) => topics.node(node, kept)),
    );
  }

  /** Carries out what the message says. Resolves when that is done. */
  async receive(message: IncomingMessage): Promise<void> {
    const incoming = matchIncoming(this.context.identity.name, message.topic);
    if (incoming === undefined || !this.#isMeantForUs(incoming)) return;
    if (message.payload.length === 0 && !NEEDS_NO_PAYLOAD.includes(incoming.command)) return;
    // A retained reply belongs to an earlier request.
    if (message.retained && incoming.command === "reply") return;
    if (this.#refusals.isSettled(message)) return;
    const lane = this.admissions.laneOf(incoming, message.payload);
    if (lane === undefined) return await this.#attend(message, incoming);
    const waiting = { ...message, payload: detached(message.payload) };
    const turn = await this.#line.wait(lane, waiting.payload.length);
    if (turn !== undefined) return await this.#attend(waiting, incoming, turn);
    this.#report(
      undefined,
      new Refusal("too_many", `Refused ${message.topic}: too many commands wait`),
      message,
    );
  }

  async #attend(message: IncomingMessage, incoming: Incoming, turn?: Turn): Promise<void> {
    let command: Command | undefined;
    let admitted: Admitted | undefined;
    let waits = turn;
    try {
      command = decode(message);
      if (message.retained && !mayBeKept(incoming.command)) throw new KeptCommandError(message.topic);
      const admission = this.admissions.admit(incoming, command);
      admitted = admission instanceof Promise ? await admission : admission;
      command = admitted.command;
      const isOvertaken = isLate(incoming, admitted, turn);
      waits = undefined;
      turn?.passed(false);
      if (isOvertaken) {
        throw new CommandError(
          `Refused ${message.topic}: in a flood of forged commands a later one about the same has been obeyed before it`,
        );
      }
      // Tasks report it themselves, with the agent's name.
      const problem = incoming.command === "task" ? undefined : replyTopicProblem(command);
      if (problem !== undefined) throw new CommandError(`Cannot handle ${message.topic}: ${problem}`);
      const answer = await HANDLERS[incoming.command](this.context, command, incoming.subject);
      if (answer !== undefined) this.#answer(command, { ok: true, ...answer });
    } catch (error) {
      waits?.passed(true);
      this.#report(command, error, message, admitted);
      await this.#refuseHandOver(incoming, command, error);
    } finally {
      await admitted?.done?.();
    }
  }

  /** Tells the node that hands an agent over; a replay says nothing about the move it repeats. */
  async #refuseHandOver({ command }: Incoming, spawn: Command | undefined, error: unknown): Promise<void> {
    if (command !== "spawn" || (error instanceof Refusal && error.code === "replayed")) return;
    await this.context.arrivals.refuse(spawn?.json, error instanceof Error ? error.message : String(error));
  }

  /** A message for an agent that is not here may be meant for another node, whatever its content. */
  #isMeantForUs({ command, subject }: Incoming): boolean {
    const { supervisor, ownTopics } = this.context;
    if (command === "task") return supervisor.find(subject) !== undefined;
    return command !== "commands" || !ownTopics.areForAll || supervisor.findById(subject) !== undefined;
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
    const expected = error instanceof ExpectedError;
    const text = error instanceof Error ? error.message : String(error);
    const words = expected ? text : `Internal error while handling a message: ${text}`;
    const others = this.meter.count();
    if (!expected) this.log.error(`${topic}: ${error instanceof Error ? error.stack ?? text : text}`);
    else if (others !== undefined) this.log.warning(`${topic}: ${words}${passedOver(others)}`);
    const child = expected && "agent" in error ? error.agent : undefined;
    const agent = child === undefined ? {} : { child_name: child };
    if (others !== undefined) this.context.reporter.nodeLog("error", words, { ...agent, ...others });
    if (admitted !== undefined) this.admissions.failed(admitted, words);
    if (command !== undefined) this.#answer(command, { ok: false, error: words });
  }

  #refuse(command: Command | undefined, refusal: Refusal, { topic, retained }: IncomingMessage): void {
    const { code, message, agent } = refusal;
    const { reporter, identity } = this.context;
    const others = this.meter.count();
    if (others !== undefined) {
      this.log.warning(message + passedOver(others));
      const child = agent === undefined ? {} : { child_name: agent };
      reporter.nodeLog("error", message, { code, ...child, ...others });
    }
    this.admissions.refused(topic, refusal);
    // It was carried out before, but is still retained by the broker.
    if (code === "replayed" && retained && topic === topics.node(identity.name, "spawn")) {
      reporter.clearRetained(topic);
    }
    if (command === undefined) return;
    this.#answer({ ...command, json: withoutVerifying(command.json) }, { ok: false, error: message, code });
  }
}

/** Whether a later command about the same has been obeyed. */
function isLate({ subject }: Incoming, { kind, command }: Admitted, turn: Turn | undefined): boolean {
  return turn !== undefined && kind !== undefined && !turn.obey(subjectOf(kind, command, subject));
}

function passedOver({ passed_over: count }: { readonly passed_over?: number }): string {
  return count === undefined ? "" : ` (and ${count} before it, in a flood)`;
}

/** Larger than a `desired_state` with a great many agents. */
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
    return parseExactly(text);
  } catch {
    // Some commands accept bare text: each checks its own payload.
    return undefined;
  }
}

/** Why no reply could ever reach the sender. */
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
