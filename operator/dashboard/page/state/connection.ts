/** The live connection to the server: reconnects by itself, and acknowledges what the page has processed. */
import { effect } from "@preact/signals";
import type { BrowserMessage, LogFilter, ServerMessage } from "../../wire.ts";
import type { Store } from "./store.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

export class Connection {
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;
  #filter: LogFilter | null = null;

  constructor(private readonly store: Store) {}

  /** Connects, and reconnects whenever the connection is lost; waits while a token is needed. */
  start(): void {
    effect(() => {
      if (!this.store.needsToken.value) this.#connect();
    });
  }

  /** Sets which log lines the server sends from now on. */
  wantLogs(filter: LogFilter | null): void {
    this.#filter = filter;
    this.#send({ type: "logs", filter });
  }

  #connect(): void {
    const url = new URL("/live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as ServerMessage;
      this.#retryMs = FIRST_RETRY_MS;
      this.store.apply(message);
      this.store.link.value = "live";
      if (message.type === "snapshot") this.#send({ type: "logs", filter: this.#filter });
      this.#send({ type: "ack", seq: message.seq });
    };
    socket.onclose = () => void this.#onClose();
  }

  async #onClose(): Promise<void> {
    this.store.link.value = "lost";
    // A WebSocket does not say why it was refused.
    const { status } = await fetch("/api/session").catch(() => ({ status: 0 }));
    if (status === 401) {
      this.store.needsToken.value = true;
      return;
    }
    setTimeout(() => this.#connect(), this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #send(message: BrowserMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
