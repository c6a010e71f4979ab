/** One page's conversation: handles its messages, one turn at a time, and ends with the page. */
import { type Answer, type ChatSession, isDone } from "../../../chat/session.ts";
import type { ChatBrowserMessage, ChatServerMessage } from "../../chat_wire.ts";
import type { PagePerson } from "./page_person.ts";
import { orAborted } from "../../../../protocol/abort.ts";

export interface TalkParts {
  readonly person: PagePerson;
  /** Called for the first sentence: before that, there may be no connection to the broker. @throws Error in words */
  readonly open: () => Promise<ChatSession>;
  readonly send: (message: ChatServerMessage) => void;
  /** Called when the person asks to leave. */
  readonly onQuit: () => void;
}

/** Invariants: one turn at a time; each sentence that begins a turn gets one `done`; nothing continues after `dispose`. */
export class Talk implements Disposable {
  #session: ChatSession | undefined;
  #turn: AbortController | undefined;
  #isOver = false;

  constructor(private readonly parts: TalkParts) {}

  receive(message: ChatBrowserMessage): void {
    if (this.#isOver) return;
    switch (message.type) {
      case "say":
        if (this.#turn === undefined) void this.#say(message.text);
        else this.parts.person.note("One sentence at a time: stop this one first");
        return;
      case "answer":
        return this.parts.person.answer(message.id, message.yes);
      case "stop":
        return this.#turn?.abort(new Error("stopped"));
      default:
        message satisfies never;
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#turn?.abort(new Error("the page has gone"));
  }

  async #say(text: string): Promise<void> {
    const { person, open, send, onQuit } = this.parts;
    const turn = new AbortController();
    this.#turn = turn;
    let answer: Answer | undefined;
    let error: string | null = null;
    try {
      const session = this.#session ??= await orAborted(open(), turn.signal);
      answer = await session.answer(text, turn.signal);
      if (answer.kind === "help") answer.lines.forEach((line) => person.note(line));
    } catch (failure) {
      error = turn.signal.aborted ? "Stopped" : (failure as Error).message;
    }
    this.#turn = undefined;
    if (this.#isOver) return;
    send({ type: "done", ok: answer !== undefined && isDone(answer), error });
    if (answer?.kind === "quit") onQuit();
  }
}
