/** A conversation in which a model plans with the operator's tools, and the operator decides. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import { APICallError, type ModelMessage, streamText, tool as sdkTool, type ToolSet } from "ai";
import type { Tool, Workshop } from "../tools/tool.ts";
import { carryOutToolCall } from "./tool_call.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import type { OpenModel } from "./model.ts";
import type { Person } from "./person.ts";

/** The model cannot be reached, or its answer is unusable; the message is for the operator. */
export class ModelError extends ExpectedError {
  override name = "ModelError";
}

export interface ConversationParts {
  readonly model: OpenModel;
  readonly tools: readonly Tool[];
  readonly workshop: Workshop;
  readonly person: Person;
  readonly limits?: Partial<Limits>;
}

export interface Limits {
  /** Model answers per turn. */
  readonly steps: number;
  /** Failed attempts per turn to get an agent running. */
  readonly repairs: number;
  /** Times a request is repeated when the model's server is busy. */
  readonly retries: number;
  /** Maximum size of the history sent to the model, characters of JSON. */
  readonly historyChars: number;
}

const LIMITS: Limits = { steps: 24, repairs: 3, retries: 2, historyChars: 400_000 };

/** The outcome of one turn. */
export interface Turn {
  /** The model's final answer. */
  readonly answer: string;
  readonly ran: readonly { readonly tool: string; readonly ok: boolean }[];
  readonly declined: number;
}

interface Call {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
}

/** Tools that get an agent running: after `repairs` failed calls the operator is asked, not the model. */
const MENDED: ReadonlySet<string> = new Set(["spawn_agent", "update_agent"]);

/**
 * Invariants: no tool that changes anything runs unless the person agrees, whatever the model says; every call by the
 * model has exactly one result in the history; a turn ends after `steps` answers.
 */
export class Conversation {
  readonly #limits: Limits;
  readonly #toolSet: ToolSet;
  #messages: ModelMessage[] = [];

  constructor(private readonly parts: ConversationParts) {
    this.#limits = { ...LIMITS, ...parts.limits };
    // No `execute`: the SDK passes calls to us and runs none itself.
    this.#toolSet = Object.fromEntries(
      parts.tools.map(({ name, description, input }) => [name, sdkTool({ description, inputSchema: input })]),
    );
  }

  /**
   * Sends text to the model and carries out its calls until it makes no more.
   * @throws ModelError; the history before this turn is kept
   */
  async say(text: string, signal: AbortSignal): Promise<Turn> {
    const before = this.#messages;
    this.#messages = [...trimmed(before, this.#limits.historyChars), { role: "user", content: text }];
    try {
      return await this.#turn(signal);
    } catch (error) {
      // Half a turn would leave calls without results.
      this.#messages = before;
      throw error;
    }
  }

  async #turn(signal: AbortSignal): Promise<Turn> {
    const ran: { tool: string; ok: boolean }[] = [];
    let declined = 0;
    for (let step = 0; step < this.#limits.steps; step++) {
      const { answer, calls } = await this.#ask(signal);
      if (calls.length === 0) return { answer, ran, declined };
      for (const call of calls) {
        const failures = ran.filter(({ tool, ok }) => MENDED.has(tool) && !ok).length;
        const outcome = await this.#carryOut(call, failures, signal);
        if (outcome === "declined") declined++;
        else ran.push({ tool: call.toolName, ok: outcome });
      }
    }
    this.parts.person.note(`The model has had ${this.#limits.steps} answers: say something to continue`);
    return { answer: "", ran, declined };
  }

  async #carryOut(call: Call, failures: number, signal: AbortSignal): Promise<boolean | "declined"> {
    const { tools, workshop, person } = this.parts;
    const tool = tools.find(({ name }) => name === call.toolName);
    if (tool === undefined) {
      this.#answer(call, { error: `There is no tool ${call.toolName}` });
      return false;
    }
    if (MENDED.has(tool.name) && failures >= this.#limits.repairs) {
      this.#answer(call, {
        error: `${failures} attempts have failed: tell the operator what is wrong, and stop`,
      });
      return false;
    }
    if (tool.effect === "look") person.note(`${tool.name} ${JSON.stringify(call.input)}`);
    const outcome = await carryOutToolCall(tool, call.input, workshop, person, signal);
    signal.throwIfAborted();
    if (outcome.kind === "declined") {
      this.#answer(call, { declined: "The operator said no. Nothing was done." });
      return "declined";
    }
    const { ok, value } = outcome.result;
    if (tool.effect !== "look" || !ok) person.show(tool.name, outcome.result);
    this.#answer(call, { ok, data_from_the_network: value });
    return ok;
  }

  /** Gets one answer from the model, and streams its text to the person. */
  async #ask(signal: AbortSignal): Promise<{ answer: string; calls: Call[] }> {
    const { model: { model, maxOutputTokens }, person } = this.parts;
    const result = streamText({
      model,
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      instructions: INSTRUCTIONS,
      messages: this.#messages,
      tools: this.#toolSet,
      abortSignal: signal,
      maxRetries: this.#limits.retries,
      // The default writes to the console; the error is also in the stream.
      onError: () => {},
    });
    const calls: Call[] = [];
    let answer = "";
    for await (const part of result.fullStream) {
      switch (part.type) {
        case "text-delta":
          answer += part.text;
          person.write(part.text);
          break;
        case "tool-call":
          calls.push(part);
          break;
        case "error":
          throw asModelError(part.error);
        case "abort":
          signal.throwIfAborted();
          throw new ModelError("The model's answer was broken off");
      }
    }
    if (answer === "" && calls.length === 0) throw new ModelError("The model has answered nothing");
    if (answer !== "") person.write("\n");
    this.#messages.push({
      role: "assistant",
      content: [
        ...(answer === "" ? [] : [{ type: "text" as const, text: answer }]),
        ...calls.map(({ toolCallId, toolName, input }) => ({
          type: "tool-call" as const,
          toolCallId,
          toolName,
          input: input ?? {},
        })),
      ],
    });
    return { answer, calls };
  }

  #answer({ toolCallId, toolName }: Call, value: Readonly<Record<string, unknown>>): void {
    // The round trip through JSON drops undefined and anything that is not data.
    const output = { type: "json" as const, value: JSON.parse(JSON.stringify(value)) };
    this.#messages.push({ role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output }] });
  }
}

/** Drops whole turns, oldest first. */
function trimmed(messages: readonly ModelMessage[], maxChars: number): ModelMessage[] {
  let kept = [...messages];
  while (kept.length > 0 && JSON.stringify(kept).length > maxChars) {
    const next = kept.findIndex(({ role }, index) => index > 0 && role === "user");
    kept = next === -1 ? [] : kept.slice(next);
  }
  return kept;
}

function asModelError(error: unknown): Error {
  if (!(error instanceof Error)) return new ModelError(`The model's server has failed: ${String(error)}`);
  if (error.name === "AbortError") return error;
  // After retries the SDK lists all errors; the last one matters.
  const last = (error as { lastError?: unknown }).lastError ?? error;
  if (APICallError.isInstance(last)) {
    const { statusCode, message, url } = last;
    const what = statusCode === undefined ? message : `${statusCode} ${message}`;
    return new ModelError(
      `The model's server at ${new URL(url).origin} has failed: ${what}${hint(statusCode)}`,
    );
  }
  return new ModelError(`The model's answer cannot be used: ${(last as Error).message}`);
}

function hint(status: number | undefined): string {
  if (status === 401 || status === 403) return ": is the key right?";
  if (status === 404) return ": are the URL and the model's name right?";
  return status === 429 ? ": too many requests; wait, and say it again" : "";
}
