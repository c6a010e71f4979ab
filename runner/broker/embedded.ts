/** An MQTT broker inside this process, on loopback: one command runs everything. */
import { createServer, type Server, type Socket } from "node:net";
import { acknowledgeWhenStored } from "./acknowledge.ts";
import { type Store, StoreBounds, type StoreLimits } from "./bounded_store.ts";
import { Budget } from "./budget.ts";
import type { ChangingStore } from "./durable_store.ts";
import { LevelStream } from "./level_stream.ts";
import { openDurableStore } from "./open_durable_store.ts";
import { type OrderedBroker, publishInOrder } from "./publish_in_order.ts";

export interface EmbeddedBroker {
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const MIB = 1024 * 1024;

/** Memory limits of the broker: anybody who reaches loopback may connect to it. */
export interface BrokerLimits {
  readonly connections: number;
  readonly packetBytes: number;
  /** Bytes that wait for one client on its connection. */
  readonly queuedBytes: number;
  /** Of all connections together: partly received packets and waiting bytes. */
  readonly bufferedBytes: number;
  /** Of one connection. */
  readonly subscriptions: number;
  readonly store: StoreLimits;
}

export const BROKER_LIMITS: BrokerLimits = {
  connections: 1024,
  // The size of the largest command a node reads, in the worst encoding (JSON in JSON).
  packetBytes: 64 * MIB + 64 * 1024,
  queuedBytes: 80 * MIB,
  bufferedBytes: 192 * MIB,
  subscriptions: 10_000,
  store: {
    retained: { messages: 20_000, bytes: 64 * MIB },
    sessions: 256,
    waiting: { messages: 20_000, bytes: 32 * MIB },
    waitingBytes: 64 * MIB,
    unfinishedBytes: 32 * MIB,
  },
};

/** A client that reads nothing for this long is cut off, because all others wait for it. */
const DRAIN_MS = 5000;
const CONNECT_MS = 10_000;

export interface EmbeddedOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** An own folder in which sessions and messages survive this process; without it they do not. */
  readonly dir?: string;
  readonly limits?: BrokerLimits;
  /** Called with what the operator should know, such as a limit that keeps something from being stored. */
  readonly say?: (message: string) => void;
}

/**
 * Starts the broker.
 * @throws Error with what to do when the port is taken
 */
export async function startEmbeddedBroker(
  { port, dir, limits = BROKER_LIMITS, say = () => {} }: EmbeddedOptions,
): Promise<EmbeddedBroker> {
  const sockets = new Set<Socket>();
  // Until it has been given what it stored, nobody is let in.
  const opened = Promise.withResolvers<(socket: Socket) => void>();
  const server = createServer((socket) => {
    if (sockets.size >= limits.connections) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    void opened.promise.then((letIn) => letIn(socket));
  });
  const boundPort = await listen(server, port);
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  try {
    const broker = await openBroker(dir, limits, say);
    opened.resolve(broker.letIn);
    return { port: boundPort, close: () => broker.close().then(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The broker without its listener. @throws Error when another process uses what it stored */
async function openBroker(dir: string | undefined, limits: BrokerLimits, say: (message: string) => void) {
  // Loaded lazily: only needed with the embedded broker.
  const { Aedes } = await import("aedes");
  const subscriptions = new SubscriptionCount(limits.subscriptions);
  const aedes = await Aedes.createBroker({
    drainTimeout: DRAIN_MS,
    connectTimeout: CONNECT_MS,
    // Further subscriptions are not confirmed; the client keeps those it has.
    authorizeSubscribe: (client, subscription, done) =>
      done(null, subscriptions.mayHaveOneMore(client) ? subscription : null),
  });
  const close = () => new Promise<void>((resolve) => aedes.close(() => resolve()));
  // Neither exists in the library's types.
  const { persistence: store, clients } = aedes as unknown as {
    persistence: Store & ChangingStore;
    clients: object;
  };
  const isConnected = (id: string) => Object.hasOwn(clients, id);
  const durable = dir === undefined
    ? undefined
    : await openDurableStore(store, dir, limits.store, say).catch(async (error) => {
      await close();
      throw error;
    });
  StoreBounds.around(store, { limits: limits.store, isConnected, onFull: say });
  await durable?.load(store);
  publishInOrder(aedes as unknown as OrderedBroker);
  acknowledgeWhenStored(aedes, () => durable?.committed());
  aedes.on("clientDisconnect", (client) => {
    // An ended session can no longer finish its messages.
    if (client.clean) void store.cleanIncoming(client);
  });
  const budget = new Budget(limits.bufferedBytes);
  const bounds = { maxPacketBytes: limits.packetBytes, maxQueuedBytes: limits.queuedBytes, budget };
  return {
    letIn: (socket: Socket) => {
      if (!socket.destroyed) aedes.handle(new LevelStream(socket, bounds));
    },
    close: async () => {
      await close();
      await durable?.[Symbol.asyncDispose]();
    },
  };
}

/** Counts the filters each client has subscribed to. */
class SubscriptionCount {
  readonly #granted = new WeakMap<object, number>();

  constructor(private readonly most: number) {}

  mayHaveOneMore(client: object): boolean {
    let count = this.#granted.get(client) ?? 0;
    if (count >= this.most) {
      // It may have unsubscribed from some.
      const { subscriptions } = client as { readonly subscriptions: object };
      count = Object.keys(subscriptions).length;
    }
    if (count >= this.most) return false;
    this.#granted.set(client, count + 1);
    return true;
  }
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
