/** An MQTT broker inside this process, on loopback: one command runs everything. */
import { createServer, type Server, type Socket } from "node:net";
import { LevelStream } from "./level_stream.ts";

export interface EmbeddedBroker {
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";

/**
 * Starts the broker.
 * @param port 0 for any free one
 * @throws Error with what to do when the port is taken
 */
export async function startEmbeddedBroker(port: number): Promise<EmbeddedBroker> {
  // Only those who ask for a broker pay for loading one.
  const { Aedes } = await import("aedes");
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(new LevelStream(socket));
  });
  const boundPort = await listen(server, port);
  return {
    port: boundPort,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(
        error.code === "EADDRINUSE"
          ? new Error(
            `Cannot start the embedded broker: port ${port} is in use. Choose another with --port, or use the broker that is there: --broker ${LOOPBACK}`,
          )
          : new Error(`Cannot start the embedded broker: ${error.message}`),
      );
    });
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
