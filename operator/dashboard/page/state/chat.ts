/** The page's conversation: its history and its connection. */
import { type Signal, signal } from "@preact/signals";
import type { ChatBrowserMessage, ChatServerMessage } from "../../chat_wire.ts";
import { type ChatLog, decided, EMPTY_LOG, ended, received, said } from "../logic/chat_log.ts";

/** The server keeps the conversation only while the connection lives: a new connection starts afresh. */
export class Chat {
  readonly log: Signal<ChatLog> = signal(EMPTY_LOG);
  #socket: WebSocket | undefined;
  #toSay: string | undefined;

  /** Connects, unless already connected. */
  connect(): void {
    if (this.#socket !== undefined) return;
    const url = new URL("/chat", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#toSay !== undefined) this.#send({ type: "say", text: this.#toSay });
      this.#toSay = undefined;
    };
    socket.onmessage = ({ data }) =>
      this.#update(received(this.log.value, JSON.parse(data) as ChatServerMessage));
    socket.onclose = ({ reason }) => {
      this.#socket = undefined;
      this.#toSay = undefined;
      const why = reason === "" ? "The connection is lost" : `The conversation is over: ${reason}`;
      this.#update(ended(this.log.value, `${why}. The next sentence starts another.`));
    };
  }

  /** @returns whether it was sent: only one sentence at a time */
  say(text: string): boolean {
    if (this.log.value.isBusy || text.trim() === "") return false;
    this.#update(said(this.log.value, text));
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send({ type: "say", text });
    else {
      this.#toSay = text;
      this.connect();
    }
    return true;
  }

  answer(id: string, yes: boolean): void {
    this.#update(decided(this.log.value, id, yes));
    this.#send({ type: "answer", id, yes });
  }

  stop(): void {
    this.#send({ type: "stop" });
  }

  #update(log: ChatLog): void {
    this.log.value = log;
  }

  #send(message: ChatBrowserMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
