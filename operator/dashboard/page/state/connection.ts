/** The live connection to the server: reconnects by itself, and acknowledges what the page has processed. */
import { effect } from "@preact/signals";
import type { BrowserMessage, LogFilter, ServerMessage } from "../../wire.ts";
import { livenessOf } from "../logic/liveness.ts";
import type { Store } from "./store.ts";

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** How often to check whether the connection is still alive. */
const WATCH_MS = 500;
/** Limit for the request that finds out why the server refused the connection. */
const WHY_MS = 4000;

/** Invariant: one connection at a time; late messages of an earlier one are ignored. */
export class Connection {
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;
  #filter: LogFilter | null = null;
  #heardMs = 0;
  #hasTold = false;

  constructor(private readonly store: Store) {}

  /** Connects, and reconnects whenever the connection is lost; waits while a token is needed. */
  start(): void {
    effect(() => {
      if (!this.store.needsToken.value) this.#connect();
    });
    setInterval(() => this.#watch(), WATCH_MS);
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
    this.#heardMs = performance.now();
    this.#hasTold = false;
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const message = JSON.parse(data) as ServerMessage;
      this.#heardMs = performance.now();
      this.#hasTold = true;
      this.#retryMs = FIRST_RETRY_MS;
      this.store.apply(message);
      this.store.link.value = "live";
      if (message.type === "snapshot") this.#send({ type: "logs", filter: this.#filter });
      this.#send({ type: "ack", seq: message.seq });
    };
    socket.onclose = () => {
      if (socket === this.#socket) void this.#onLost();
    };
  }

  /** Detects half-open connections, which raise no close event, by the server's silence. */
  #watch(): void {
    if (this.#socket === undefined) return;
    const liveness = livenessOf(performance.now() - this.#heardMs, this.#hasTold);
    if (liveness === "silent" && this.store.link.value === "live") this.store.link.value = "silent";
    if (liveness !== "broken") return;
    this.#socket.close();
    void this.#onLost();
  }

  async #onLost(): Promise<void> {
    this.#socket = undefined;
    this.store.link.value = "lost";
    // A WebSocket does not say why it was refused.
    const { status } = await fetch("/api/session", { signal: AbortSignal.timeout(WHY_MS) })
      .catch(() => ({ status: 0 }));
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
