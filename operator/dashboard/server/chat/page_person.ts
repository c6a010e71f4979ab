/** The operator at a page, who sees everything the model says and does, and decides. */
import type { ActionView } from "../../../chat/action.ts";
import type { Person } from "../../../chat/person.ts";
import { shownOf } from "../../../chat/show.ts";
import { printable } from "../../../../protocol/printable.ts";
import type { ToolResult } from "../../../tools/tool.ts";
import type { ChatServerMessage } from "../../chat_wire.ts";

interface Question {
  readonly id: string;
  readonly decide: (yes: boolean) => void;
}

/**
 * Invariants: one question at a time; only `yes: true` with the id of the open question is a yes, and only once; the
 * answer to a question whose turn has ended is no.
 */
export class PagePerson implements Person {
  #open: Question | undefined;

  constructor(private readonly send: (message: ChatServerMessage) => void) {}

  write(text: string): void {
    this.send({ type: "words", text: printable(text) });
  }

  note(line: string): void {
    this.send({ type: "note", text: printable(line) });
  }

  show(tool: string, result: ToolResult): void {
    this.send({ type: "result", ok: result.ok, result: shownOf(tool, result) });
  }

  agrees({ title, lines }: ActionView, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const decide = (yes: boolean) => {
        this.#open = undefined;
        signal.removeEventListener("abort", refuse);
        resolve(yes);
      };
      const refuse = () => decide(false);
      if (signal.aborted) return resolve(false);
      this.#open?.decide(false);
      const id = crypto.randomUUID();
      this.#open = { id, decide };
      signal.addEventListener("abort", refuse);
      this.send({ type: "ask", action: { id, title: printable(title), lines: lines.map(printable) } });
    });
  }

  /** Handles the page's answer; ignores answers to questions that are no longer open. */
  answer(id: string, yes: boolean): void {
    if (this.#open?.id === id) this.#open.decide(yes);
  }
}
