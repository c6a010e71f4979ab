/** The sockets on which the embedded broker is reached: plain, TLS and WebSocket. */
import type { Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export const SCHEMES = ["mqtt", "mqtts", "ws", "wss"] as const;

export interface Listener {
  readonly scheme: typeof SCHEMES[number];
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

export interface TlsFiles {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface ListenerParts {
  readonly tls: TlsFiles | undefined;
  /** @returns whether there is room for one more connection */
  readonly enter: (socket: Socket) => boolean;
  /** A new connection. */
  readonly onStream: (stream: Duplex) => void;
  readonly maxPacketBytes: number;
}

export interface OpenListener {
  readonly port: number;
  close(): Promise<void>;
}

/** How long a client may take for the handshakes of TLS and WebSocket. */
const HANDSHAKE_MS = 10_000;

/** @throws Error with what to do when the port is taken */
export async function openListener(listener: Listener, parts: ListenerParts): Promise<OpenListener> {
  const sockets = new Set<Duplex>();
  const server = await serverFor(listener, parts, (stream) => {
    sockets.add(stream);
    stream.once("close", () => sockets.delete(stream));
    stream.on("error", () => {});
    parts.onStream(stream);
  });
  server.on("connection", (socket: Socket) => {
    if (!parts.enter(socket)) return void socket.destroy();
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Errors of connections whose handshake fails.
    socket.on("error", () => {});
  });
  const port = await listen(server, listener);
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const ends = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, ...ends]);
    },
  };
}

async function serverFor(
  { scheme }: Listener,
  { tls, maxPacketBytes }: ListenerParts,
  onStream: (stream: Duplex) => void,
): Promise<Server> {
  const secure = tls === undefined ? undefined : { ...tls, minVersion: "TLSv1.2" as const };
  switch (scheme) {
    case "mqtt":
      return createServer(onStream);
    case "mqtts": {
      const { createServer } = await import("node:tls");
      return createServer({ ...secure, handshakeTimeout: HANDSHAKE_MS }, onStream);
    }
    case "ws": {
      const { createServer } = await import("node:http");
      return await withWebSockets(createServer(), maxPacketBytes, onStream);
    }
    case "wss": {
      const { createServer } = await import("node:https");
      return await withWebSockets(
        createServer({ ...secure, handshakeTimeout: HANDSHAKE_MS }),
        maxPacketBytes,
        onStream,
      );
    }
    default:
      return scheme satisfies never;
  }
}

async function withWebSockets(
  server: HttpServer,
  maxPayload: number,
  onStream: (stream: Duplex) => void,
): Promise<HttpServer> {
  const { createWebSocketStream, WebSocketServer } = await import("ws");
  server.headersTimeout = HANDSHAKE_MS;
  server.on("request", (_request, response) => response.writeHead(426, { upgrade: "websocket" }).end());
  new WebSocketServer({
    server,
    maxPayload,
    perMessageDeflate: false,
    // MQTT 3.1.1, 6.
    handleProtocols: (offered) => offered.has("mqtt") && "mqtt",
  }).on("connection", (socket) => onStream(createWebSocketStream(socket)));
  return server;
}

function listen(server: Server, { host, port }: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once(
      "error",
      (error: Error & { code?: string }) =>
        reject(new Error(`Cannot start the embedded broker: ${reasonOf(error, host, port)}`)),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function reasonOf({ code, message }: Error & { code?: string }, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} is in use. Choose another with --port or --listen, or use the broker that is there: ` +
        `--broker ${host}`;
    case "EADDRNOTAVAIL":
      return `this machine has no address ${host}: see --listen`;
    case "EACCES":
      return `this user may not listen on port ${port}: choose one above 1023`;
    default:
      return message;
  }
}
