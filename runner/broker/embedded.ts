/** An MQTT broker inside this process: one command runs everything. */
import type { Duplex } from "node:stream";
import { isLoopback } from "../../protocol/broker/loopback.ts";
import { acknowledgeWhenStored } from "./acknowledge.ts";
import { type Store, StoreBounds, type StoreLimits } from "./bounded_store.ts";
import { Budget } from "./budget.ts";
import type { ChangingStore } from "./durable_store.ts";
import type { GateClient, Gatekeeper } from "./gatekeeper.ts";
import { LevelStream } from "./level_stream.ts";
import { type Listener, type OpenListener, openListener, type TlsFiles } from "./listeners.ts";
import { openDurableStore } from "./open_durable_store.ts";
import { type OrderedBroker, publishInOrder } from "./publish_in_order.ts";

export interface EmbeddedBroker {
  /** On loopback. */
  readonly port: number;
  /** Ports of the further listeners, in order. */
  readonly ports: readonly number[];
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
/** More than the longest packet with which a client can present itself: five fields of 64 KiB. */
const MAX_CONNECT_BYTES = 384 * 1024;

export interface EmbeddedOptions {
  /** On loopback; 0 for any free one. */
  readonly port: number;
  /** Further addresses to listen on. */
  readonly listeners?: readonly Listener[];
  readonly tls?: TlsFiles | undefined;
  /** Access rules; without them, every client may do everything, and the broker listens only on loopback. */
  readonly gate?: Gatekeeper | undefined;
  /** A folder of the broker's own, for sessions and messages; without it, they are kept in memory only. */
  readonly dir?: string;
  readonly limits?: BrokerLimits;
  /** Called with what the operator should know, such as a limit that keeps something from being stored. */
  readonly say?: (message: string) => void;
}

/**
 * Starts the broker.
 * @throws Error with what to do when a port is taken, or another process uses the store
 */
export async function startEmbeddedBroker(options: EmbeddedOptions): Promise<EmbeddedBroker> {
  const { limits = BROKER_LIMITS, listeners = [], tls, gate } = options;
  if (gate === undefined && listeners.some(({ host }) => !isLoopback(host))) {
    throw new Error("The embedded broker listens on loopback alone where it has no users");
  }
  const open: OpenListener[] = [];
  let connections = 0;
  // Lets no client in before the stored data is loaded.
  const opened = Promise.withResolvers<(stream: Duplex) => void>();
  const parts = {
    tls,
    maxPacketBytes: limits.packetBytes,
    enter: (socket: Duplex) => {
      if (connections >= limits.connections) return false;
      connections += 1;
      socket.once("close", () => connections -= 1);
      return true;
    },
    onStream: (stream: Duplex) => void opened.promise.then((letIn) => letIn(stream)),
  };
  const closeAll = () => Promise.all(open.map((listener) => listener.close()));
  try {
    const own = ownListener(options.port, listeners);
    for (const listener of [...own, ...listeners]) {
      open.push(await openListener(listener, parts));
    }
    const broker = await openBroker(options);
    opened.resolve(broker.letIn);
    return {
      port: own.length === 0 ? options.port : open[0]?.port ?? 0,
      ports: open.slice(own.length).map(({ port }) => port),
      close: () => broker.close().then(closeAll).then(() => {}),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** A loopback listener for the node itself, unless another listener already serves it. */
function ownListener(port: number, others: readonly Listener[]): Listener[] {
  const isThere = others.some((other) =>
    other.scheme === "mqtt" && other.port === port && ["0.0.0.0", "::", LOOPBACK].includes(other.host)
  );
  return isThere ? [] : [{ scheme: "mqtt", host: LOOPBACK, port }];
}

/** The broker without its listeners. @throws Error when another process uses its store */
async function openBroker({ dir, gate, limits = BROKER_LIMITS, say = () => {} }: EmbeddedOptions) {
  // Loaded lazily: only needed with the embedded broker.
  const { Aedes } = await import("aedes");
  const subscriptions = new SubscriptionCount(limits.subscriptions);
  const aedes = await Aedes.createBroker({
    drainTimeout: DRAIN_MS,
    connectTimeout: CONNECT_MS,
    // Further subscriptions are not confirmed; the client keeps those it has.
    authorizeSubscribe: (client, subscription, done) => {
      const may = (gate?.maySubscribe(client, subscription.topic) ?? true) &&
        subscriptions.mayHaveOneMore(client);
      done(null, may ? subscription : null);
    },
    ...(gate === undefined ? {} : {
      authenticate: (
        client: GateClient,
        name: string | undefined,
        password: Uint8Array | undefined,
        done: Admit,
      ) => {
        const refused = Object.assign(new Error("bad user name or password"), { returnCode: 4 as const });
        gate.admit(client, name, password).then(
          (may) => may ? done(null, true) : done(refused, false),
          () => done(refused, false),
        );
      },
    }),
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
  acknowledgeWhenStored(aedes, {
    stored: () => durable?.committed(),
    mayPublish: (client, topic) => gate?.mayPublish(client, topic) ?? true,
  });
  aedes.on("clientDisconnect", (client) => {
    // An ended session can no longer finish its messages.
    if (client.clean) void store.cleanIncoming(client);
  });
  const budget = new Budget(limits.bufferedBytes);
  const letIn = (stream: Duplex) => {
    if (stream.destroyed) return;
    const known: { client?: object } = {};
    const stranger = Math.min(limits.packetBytes, MAX_CONNECT_BYTES);
    const isKnown = () => gate === undefined || known.client !== undefined && gate.isAdmitted(known.client);
    const bounds = {
      get maxPacketBytes() {
        return isKnown() ? limits.packetBytes : stranger;
      },
      maxQueuedBytes: limits.queuedBytes,
      budget,
    };
    known.client = aedes.handle(new LevelStream(stream, bounds));
  };
  return {
    letIn,
    close: async () => {
      await close();
      await durable?.[Symbol.asyncDispose]();
    },
  };
}

type Admit = (error: (Error & { returnCode: 4 }) | null, may: boolean) => void;

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
