/** Browsers as the server sees them: ones that keep up, and one that takes its messages out of the socket far too slowly. */
import type { ServerMessage } from "../../operator/dashboard/wire.ts";

/** One that takes in all it is told at once. */
export class FastViewer implements Disposable {
  bytes = 0;
  messages = 0;
  logsShown = 0;
  logsLeftOut = 0;
  agents = 0;
  /** When each probe was told of, by its text. */
  readonly probes = new Map<string, number>();

  private constructor(private readonly socket: WebSocket) {}

  static async open(url: string): Promise<FastViewer> {
    const socket = new WebSocket(new URL("live", url).href.replace("http", "ws"));
    const viewer = new FastViewer(socket);
    const first = Promise.withResolvers<void>();
    socket.onmessage = ({ data }) => {
      viewer.#take(data);
      first.resolve();
    };
    socket.onerror = () => first.reject(new Error("The dashboard does not let a browser in"));
    await first.promise;
    socket.send(JSON.stringify({ type: "logs", filter: {} }));
    return viewer;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  #take(data: string): void {
    const nowMs = performance.now();
    const message = JSON.parse(data) as ServerMessage;
    this.bytes += data.length;
    this.messages += 1;
    for (const { message: text } of message.alerts ?? []) {
      if (!this.probes.has(text)) this.probes.set(text, nowMs);
    }
    if (message.type === "snapshot") this.agents = message.agents.length;
    else {
      this.logsShown += message.logs?.length ?? 0;
      this.logsLeftOut += message.logs_left_out ?? 0;
    }
    this.socket.send(JSON.stringify({ type: "ack", seq: message.seq }));
  }
}

const READ_EVERY_MS = 1000;
const READ_BYTES = 2048;

/** A connection over which 2 KB a second are read, and nothing is ever acknowledged. */
export class SlowViewer implements Disposable {
  bytes = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(private readonly connection: Deno.TcpConn) {
    const buffer = new Uint8Array(READ_BYTES);
    // The server may close it: then there is nothing more to read.
    this.#timer = setInterval(
      () => void connection.read(buffer).then((size) => this.bytes += size ?? 0, () => {}),
      READ_EVERY_MS,
    );
  }

  static async open(url: string): Promise<SlowViewer> {
    const { hostname, port } = new URL(url);
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const request = [
      "GET /live HTTP/1.1",
      `Host: ${hostname}:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    await connection.write(new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
    return new SlowViewer(connection);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.connection.close();
  }
}
