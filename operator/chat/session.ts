/** Answers a person's input: slash commands, or sentences for the built-in planner or a model. */
import { FORMS, inWords, type Plan, type SinglePlan } from "../planner/plan.ts";
import { understand } from "../planner/understand.ts";
import { TEMPLATES } from "../templates/catalog.ts";
import type { Tool, Workshop } from "../tools/tool.ts";
import { carryOutToolCall, type ToolCallOutcome } from "./tool_call.ts";
import type { Conversation, Turn } from "./conversation.ts";
import type { Person } from "./person.ts";
import { callOf } from "./plain.ts";
import { parseSlash, SLASH_HELP } from "./slash.ts";

/** The outcome of one line. The person has already seen all of it except the lines of `help`. */
export type Answer =
  | { readonly kind: "quit" }
  | { readonly kind: "help"; readonly lines: readonly string[] }
  | { readonly kind: "not_understood"; readonly reason: string }
  | { readonly kind: "planned"; readonly plan: SinglePlan; readonly outcome: ToolCallOutcome }
  | { readonly kind: "turn"; readonly turn: Turn };

export interface ChatSessionParts {
  readonly workshop: Workshop;
  readonly tools: readonly Tool[];
  readonly person: Person;
  /** `undefined` without a model: the built-in planner then reads the sentences. */
  readonly conversation: Conversation | undefined;
  /** Explains why a tool of this name is not available. */
  readonly whyLacking: (tool: string) => string;
}

export class ChatSession {
  constructor(private readonly parts: ChatSessionParts) {}

  /** @throws ModelError */
  async answer(line: string, signal: AbortSignal): Promise<Answer> {
    const slash = parseSlash(line);
    if (slash?.kind === "quit") return slash;
    if (slash?.kind === "unusable") return this.#notUnderstood(slash.reason, []);
    if (slash?.kind === "plan") return await this.#carryOut(slash.plan, signal);
    const { conversation } = this.parts;
    if (conversation !== undefined) return { kind: "turn", turn: await conversation.say(line, signal) };
    const understanding = understand(line);
    if (understanding.kind === "not_understood") {
      return this.#notUnderstood(`Not understood: ${understanding.reason}`, FORMS);
    }
    return await this.#carryOut(understanding.plan, signal);
  }

  async #carryOut(plan: Plan, signal: AbortSignal): Promise<Answer> {
    if (plan.kind !== "several") return await this.#carryOutOne(plan, signal);
    let answer: Answer = { kind: "help", lines: [] };
    for (const each of plan.plans) {
      answer = await this.#carryOutOne(each, signal);
      if (!isDone(answer)) {
        this.parts.person.note("What was to follow was not done");
        break;
      }
    }
    return answer;
  }

  async #carryOutOne(plan: SinglePlan, signal: AbortSignal): Promise<Answer> {
    const { tools, workshop, person, whyLacking } = this.parts;
    const call = callOf(plan);
    if (call === undefined) return { kind: "help", lines: helpLines() };
    person.note(`Understood: ${inWords(plan)}`);
    const tool = tools.find(({ name }) => name === call.tool);
    if (tool === undefined) return this.#notUnderstood(whyLacking(call.tool), []);
    const outcome = await carryOutToolCall(tool, call.input, workshop, person, signal);
    if (outcome.kind === "declined") person.note("Nothing was done");
    else person.show(tool.name, outcome.result);
    return { kind: "planned", plan, outcome };
  }

  #notUnderstood(reason: string, forms: readonly string[]): Answer {
    const { person } = this.parts;
    person.note(reason);
    if (forms.length > 0) person.note("Without a model you can say:");
    for (const form of forms) person.note(`  ${form}`);
    return { kind: "not_understood", reason };
  }
}

/** Whether everything that was asked for has been done. */
export function isDone(answer: Answer): boolean {
  switch (answer.kind) {
    case "quit":
    case "help":
      return true;
    case "not_understood":
      return false;
    case "planned":
      return answer.outcome.kind === "ran" && answer.outcome.result.ok;
    case "turn":
      return answer.turn.declined === 0 && answer.turn.ran.at(-1)?.ok !== false;
    default:
      return answer satisfies never;
  }
}

function helpLines(): readonly string[] {
  return [
    "Without a model you can say:",
    ...FORMS.map((form) => `  ${form}`),
    "Templates:",
    ...TEMPLATES.map(({ name, description }) => `  ${name.padEnd(13)} ${description}`),
    "Commands:",
    ...SLASH_HELP.map((line) => `  ${line}`),
  ];
}
