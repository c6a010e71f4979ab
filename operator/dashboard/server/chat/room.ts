/** All pages that chat: limits their number and holds what they share. */
import type { ModelSettings } from "../../../chat/settings.ts";
import type { Workshop } from "../../../tools/tool.ts";
import type { ChatServerMessage } from "../../chat_wire.ts";
import { MAX_MESSAGE_CHARS, parseChatMessage } from "./messages.ts";
import type { Talk } from "./talk.ts";
import type { WorkshopOptions } from "./workshop.ts";

/** Maximum pages that chat at the same time: each may hold a model's whole conversation. */
export const MAX_TALKS = 10;

/** Carries messages to a page. */
export interface PageSocket {
  send(message: string): void;
  close(reason: string): void;
}

export interface RoomOptions extends WorkshopOptions {
  readonly model: ModelSettings | undefined;
  readonly onError: (error: unknown) => void;
}

/** A page in the chat, until it leaves. */
export interface Guest extends Disposable {
  receive(text: string): void;
}

/** Invariants: at most `MAX_TALKS` guests; the first guest opens the shared workshop, and it closes with the last. */
export class Room implements AsyncDisposable {
  readonly #sockets = new Set<PageSocket>();
  #workshop: Promise<Workshop & AsyncDisposable> | undefined;
  readonly #closing = new Set<Promise<void>>();
  #isOver = false;

  constructor(private readonly options: RoomOptions) {}

  /** @returns `undefined` if the room is full */
  join(socket: PageSocket): Guest | undefined {
    if (this.#isOver || this.#sockets.size >= MAX_TALKS) return undefined;
    this.#sockets.add(socket);
    const send = (message: ChatServerMessage) => {
      if (this.#sockets.has(socket)) socket.send(JSON.stringify(message));
    };
    send({ type: "hello", model: this.options.model?.model ?? null });
    // Loaded lazily, by the first page that chats: its dependencies are large.
    const talk = this.#talk(socket, send).catch((error) => {
      this.options.onError(error);
      this.#leave(socket);
      socket.close("the chat failed to start: see the dashboard's log");
      return undefined;
    });
    return {
      receive: (text) => {
        const message = text.length <= MAX_MESSAGE_CHARS ? parseChatMessage(text) : undefined;
        if (message !== undefined) void talk.then((talk) => talk?.receive(message));
        else {send({
            type: "note",
            text: "This is too long for the chat, or not a sentence: nothing was done",
          });}
      },
      [Symbol.dispose]: () => {
        this.#leave(socket);
        void talk.then((talk) => talk?.[Symbol.dispose]());
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.close("the dashboard ends");
    this.#sockets.clear();
    this.#close();
    await Promise.all(this.#closing);
  }

  async #talk(socket: PageSocket, send: (message: ChatServerMessage) => void): Promise<Talk> {
    const { PagePerson } = await import("./page_person.ts");
    const { Talk } = await import("./talk.ts");
    const { openSession } = await import("./open_session.ts");
    const person = new PagePerson(send);
    return new Talk({
      person,
      open: async () => await openSession(await this.#open(socket), person, this.options.model),
      send,
      onQuit: () => socket.close("the conversation has ended"),
    });
  }

  /** The workshop that all guests share. @throws BusError */
  async #open(socket: PageSocket): Promise<Workshop> {
    // The page has already left: opening a workshop now would leak it.
    if (!this.#sockets.has(socket)) throw new Error("the page has gone");
    const opening = this.#workshop ??= this.#make();
    opening.catch(() => {
      // The next sentence tries again.
      if (this.#workshop === opening) this.#workshop = undefined;
    });
    return await opening;
  }

  async #make(): Promise<Workshop & AsyncDisposable> {
    const { openWorkshop } = await import("./workshop.ts");
    return await openWorkshop(this.options);
  }

  #leave(socket: PageSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#close();
  }

  #close(): void {
    if (this.#workshop === undefined) return;
    const closing = this.#workshop.then((workshop) => workshop[Symbol.asyncDispose]())
      // A workshop that failed to open has nothing to close, and the failure was already reported.
      .catch(() => {})
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#workshop = undefined;
  }
}
