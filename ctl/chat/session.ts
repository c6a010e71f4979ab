/** Answers the lines of an operator: slash commands, sentences for the built-in planner, or for a model. */
import { attempt } from "../../chat/attempt.ts";
import type { Conversation } from "../../chat/conversation.ts";
import { callOf } from "../../chat/plain.ts";
import { parseSlash, SLASH_HELP } from "../../chat/slash.ts";
import { FORMS, inWords, type Plan } from "../../operator/planner/plan.ts";
import { understand } from "../../operator/planner/understand.ts";
import { TEMPLATES } from "../../operator/templates/catalog.ts";
import type { Tool, Workshop } from "../../operator/tools/tool.ts";
import type { Run } from "../cli.ts";
import type { TerminalPerson } from "./terminal_person.ts";

export type Answer =
  | { readonly kind: "done" }
  /** Not understood, declined, or failed; it has been said why. */
  | { readonly kind: "not_done" }
  | { readonly kind: "quit" };

export class Session {
  /** @param conversation without one there is no model, and the built-in planner reads the sentences */
  constructor(
    private readonly run: Run,
    private readonly workshop: Workshop,
    private readonly tools: readonly Tool[],
    private readonly person: TerminalPerson,
    private readonly conversation: Conversation | undefined,
  ) {}

  /** @throws ModelError */
  async answer(line: string, signal: AbortSignal): Promise<Answer> {
    const slash = parseSlash(line);
    if (slash?.kind === "quit") return slash;
    if (slash?.kind === "unusable") return this.#notUnderstood(slash.reason, []);
    if (slash?.kind === "plan") return await this.#carryOut(slash.plan, signal);
    if (this.conversation !== undefined) return await this.#converse(this.conversation, line, signal);
    const understanding = understand(line);
    if (understanding.kind === "not_understood") {
      return this.#notUnderstood(`Not understood: ${understanding.reason}`, FORMS);
    }
    return await this.#carryOut(understanding.plan, signal);
  }

  async #converse(conversation: Conversation, line: string, signal: AbortSignal): Promise<Answer> {
    const { answer, ran, declined } = await conversation.say(line, signal);
    if (this.run.json) this.run.printJson({ answer, ran, declined });
    const last = ran.at(-1);
    return { kind: declined > 0 || last?.ok === false ? "not_done" : "done" };
  }

  async #carryOut(plan: Plan, signal: AbortSignal): Promise<Answer> {
    const call = callOf(plan);
    if (call === undefined) {
      this.#help();
      return { kind: "done" };
    }
    this.person.note(`Understood: ${inWords(plan)}`);
    const tool = this.tools.find(({ name }) => name === call.tool);
    if (tool === undefined) return this.#notUnderstood("With --read-only nothing is changed", []);
    const outcome = await attempt(tool, call.input, this.workshop, this.person, signal);
    if (outcome.kind === "declined") {
      this.person.note("Nothing was done");
      return { kind: "not_done" };
    }
    const { ok, value } = outcome.result;
    if (this.run.json) this.run.printJson({ plan, ok, result: value });
    else this.person.show(tool.name, outcome.result);
    return { kind: ok ? "done" : "not_done" };
  }

  #notUnderstood(reason: string, forms: readonly string[]): Answer {
    if (this.run.json) this.run.printJson({ ok: false, error: reason });
    this.person.note(reason);
    if (forms.length > 0) this.person.note("What can be said without a model:");
    for (const form of forms) this.person.note(`  ${form}`);
    return { kind: "not_done" };
  }

  #help(): void {
    const lines = [
      "Without a model these sentences are understood:",
      ...FORMS.map((form) => `  ${form}`),
      "Templates:",
      ...TEMPLATES.map(({ name, description }) => `  ${name.padEnd(13)} ${description}`),
      "Commands:",
      ...SLASH_HELP.map((line) => `  ${line}`),
    ];
    if (this.run.json) this.run.printJson({ help: lines });
    else lines.forEach((line) => this.run.print(line));
  }
}
