/** A page's chat without a browser: says, answers, and keeps all that it is told as the page does. */
import type { ActionDto, ChatBrowserMessage, ChatServerMessage } from "../../operator/dashboard/chat_wire.ts";
import {
  type ChatLog,
  EMPTY_LOG,
  openAction,
  received,
} from "../../operator/dashboard/page/logic/chat_log.ts";

/** How long something may take on a machine that does much else. */
const PATIENCE_MS = 60_000;

export class ChatClient implements AsyncDisposable {
  readonly messages: ChatServerMessage[] = [];
  readonly closed: Promise<CloseEvent>;
  #log: ChatLog = EMPTY_LOG;
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => socket.onclose = resolve);
    // A close follows.
    socket.onerror = () => {};
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as ChatServerMessage;
      this.messages.push(message);
      this.#log = received(this.#log, message);
      for (const wake of [...this.#waiting]) wake();
    };
  }

  /** Connects; whether it is let in shows later. */
  static connect(url: string, headers: Readonly<Record<string, string>> = {}): ChatClient {
    return new ChatClient(new WebSocket(new URL("chat", url).href.replace("http", "ws"), { headers }));
  }

  /** Connects, and waits until it is let in. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<ChatClient> {
    const client = ChatClient.connect(url, headers);
    await client.until(() => client.messages.some(({ type }) => type === "hello"));
    return client;
  }

  /** The words and the lines so far. */
  get text(): string {
    return this.#log.entries.map((entry) =>
      entry.kind === "action"
        ? `${entry.action.title}\n${entry.action.lines.join("\n")}`
        : entry.kind === "result"
        ? JSON.stringify(entry.result)
        : entry.text
    ).join("\n");
  }

  get asked(): ActionDto | undefined {
    return openAction(this.#log);
  }

  send(message: ChatBrowserMessage | string): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Says something, and waits until the turn is over or an action waits. */
  async say(text: string): Promise<ActionDto | undefined> {
    const from = this.messages.length;
    this.send({ type: "say", text });
    return await this.#settled(from);
  }

  /** Answers the action that waits, and waits as `say` does. */
  async answer(id: string, yes: boolean): Promise<ActionDto | undefined> {
    const from = this.messages.length;
    this.send({ type: "answer", id, yes });
    return await this.#settled(from);
  }

  /** Resolves when it has been told so; rejects when the connection ends before. */
  async until(fits: () => boolean): Promise<void> {
    const found = Promise.withResolvers<void>();
    const check = () => {
      if (fits()) found.resolve();
    };
    const fail = (why: string) => found.reject(new Error(`${why}: ${fits}; told:\n${this.text}`));
    const timer = setTimeout(() => fail(`Not within ${PATIENCE_MS} ms`), PATIENCE_MS);
    void this.closed.then(() => fail("The connection has ended"));
    this.#waiting.add(check);
    check();
    try {
      await found.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(check);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  async #settled(from: number): Promise<ActionDto | undefined> {
    await this.until(() => this.messages.slice(from).some(({ type }) => type === "done" || type === "ask"));
    return this.asked;
  }
}
