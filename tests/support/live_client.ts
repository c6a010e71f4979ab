/** A browser's live connection without a browser: takes the messages in as the page does. */
import { Store } from "../../operator/dashboard/page/state/store.ts";
import type {
  AgentDto,
  BrokerStatus,
  LogFilter,
  LogLine,
  NodeDto,
  ServerMessage,
  TimelineEvent,
} from "../../operator/dashboard/wire.ts";

/** What has been told so far. */
export interface SeenFleet {
  readonly nodes: ReadonlyMap<string, NodeDto>;
  readonly agents: ReadonlyMap<string, AgentDto>;
  readonly logs: readonly LogLine[];
  readonly events: readonly TimelineEvent[];
  readonly broker: BrokerStatus | null;
}

const PATIENCE_MS = 20_000;

export class LiveClient implements AsyncDisposable {
  readonly #store = new Store();
  readonly #waiting = new Set<() => void>();

  private constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as ServerMessage;
      this.#store.apply(message);
      socket.send(JSON.stringify({ type: "ack", seq: message.seq }));
      for (const wake of [...this.#waiting]) wake();
    };
  }

  /** Connects, and waits for the snapshot. */
  static async open(url: string): Promise<LiveClient> {
    const client = new LiveClient(new WebSocket(new URL("live", url).href.replace("http", "ws")));
    await client.until(() => client.#store.session.value !== null);
    return client;
  }

  get fleet(): SeenFleet {
    const { nodes, agents, logs, events, broker } = this.#store;
    return { nodes, agents, logs: logs.value, events: events.value, broker: broker.value };
  }

  wantLogs(filter: LogFilter | null): void {
    this.socket.send(JSON.stringify({ type: "logs", filter }));
  }

  /** Resolves when what has been told fits. */
  async until(fits: (fleet: SeenFleet) => boolean): Promise<void> {
    const found = Promise.withResolvers<void>();
    const check = () => {
      if (fits(this.fleet)) found.resolve();
    };
    const timer = setTimeout(
      () => found.reject(new Error(`Not told within ${PATIENCE_MS} ms: ${fits}`)),
      PATIENCE_MS,
    );
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
    const closed = new Promise((resolve) => this.socket.onclose = resolve);
    this.socket.close();
    await closed;
  }
}
