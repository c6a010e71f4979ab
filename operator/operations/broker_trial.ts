/** Tries on a broker what this project needs of it, with messages of its own below `main/reply/`. */
import { type BrokerUrl, singlesOf } from "../../protocol/broker/broker_url.ts";
import type { Bus } from "../bus.ts";

/** What a broker was seen to do. */
export interface BrokerTrial {
  /** From sending a message until it came back, milliseconds; the median of several. */
  readonly latencyMs: number;
  /** How long the broker took to confirm one subscription, milliseconds. */
  readonly subscribeMs: number;
  /** Whether a later subscriber gets a retained message: by its exact topic, by a wildcard. */
  readonly retainsExact: boolean;
  readonly retainsWildcard: boolean;
  /** How often one message comes to a client with two subscriptions that match it. */
  readonly copies: number;
  /** The other addresses of the broker. */
  readonly others: readonly AddressTrial[];
}

/** What was seen at a further address. */
export interface AddressTrial {
  readonly url: string;
  /** Why there is no connection; `undefined` if there is one. */
  readonly problem: string | undefined;
  /** Whether messages from the first address come here. */
  readonly delivers: boolean;
  /** Whether what was retained at the first address is here, too. */
  readonly retains: boolean;
}

/** Connects to one address. @throws Error when that fails */
export type ConnectTo = (broker: BrokerUrl) => Promise<Bus & AsyncDisposable>;

/** How long to wait for what may never come, milliseconds. */
const WAIT_MS = 2000;
/** Further copies come right behind the first one. */
const COPIES_MS = 200;
const ROUNDS = 5;

/** @throws BusError when the first address cannot be used */
export async function tryBroker(broker: BrokerUrl, connect: ConnectTo): Promise<BrokerTrial> {
  const [first = broker, ...others] = singlesOf(broker);
  const base = `main/reply/${crypto.randomUUID()}`;
  const kept = `${base}/kept`;
  await using bus = await connect(first);
  const { latencyMs, subscribeMs } = await tryPace(bus, `${base}/pace`);
  await bus.publish(kept, "kept", { retain: true });
  try {
    const [retainsExact, retainsWildcard] = await Promise.all([
      isKept(connect, first, kept),
      isKept(connect, first, `${base}/+`),
    ]);
    return {
      latencyMs,
      subscribeMs,
      retainsExact,
      retainsWildcard,
      copies: await countCopies(bus, `${base}/copies`),
      others: await Promise.all(others.map((other) => tryOther(bus, other, connect, kept))),
    };
  } finally {
    await bus.publish(kept, "", { retain: true });
  }
}

async function tryPace(bus: Bus, topic: string): Promise<{ latencyMs: number; subscribeMs: number }> {
  let came = Promise.withResolvers<void>();
  const startMs = performance.now();
  using _subscription = await bus.subscribe(topic, () => came.resolve());
  const subscribeMs = performance.now() - startMs;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    came = Promise.withResolvers<void>();
    const sentMs = performance.now();
    await bus.publish(topic, "");
    await inTime(came.promise, WAIT_MS);
    times.push(performance.now() - sentMs);
  }
  return { latencyMs: times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0, subscribeMs };
}

async function isKept(connect: ConnectTo, broker: BrokerUrl, filter: string): Promise<boolean> {
  await using late = await connect(broker);
  return await isKeptFor(late, filter);
}

async function isKeptFor(late: Bus, filter: string): Promise<boolean> {
  const came = Promise.withResolvers<void>();
  using _subscription = await late.subscribe(filter, ({ retained }) => {
    if (retained) came.resolve();
  });
  return await inTime(came.promise, WAIT_MS);
}

async function countCopies(bus: Bus, topic: string): Promise<number> {
  let copies = 0;
  const came = Promise.withResolvers<void>();
  using _subscriptions = await bus.subscribeAll([
    { filter: `${topic}/+`, handler: () => void (copies += 1, came.resolve()) },
    { filter: `${topic}/#`, handler: () => {} },
  ]);
  await bus.publish(`${topic}/one`, "");
  await inTime(came.promise, WAIT_MS);
  await new Promise((resolve) => setTimeout(resolve, COPIES_MS));
  return copies;
}

async function tryOther(
  first: Bus,
  other: BrokerUrl,
  connect: ConnectTo,
  kept: string,
): Promise<AddressTrial> {
  try {
    await using bus = await connect(other);
    const retains = await isKeptFor(bus, kept);
    const came = Promise.withResolvers<void>();
    const topic = `${kept}/${crypto.randomUUID()}`;
    using _subscription = await bus.subscribe(topic, () => came.resolve());
    await first.publish(topic, "");
    const delivers = await inTime(came.promise, WAIT_MS);
    // A member that keeps its own copy is not told of the end of the first one's.
    if (retains) await bus.publish(kept, "", { retain: true });
    return { url: other.url, problem: undefined, delivers, retains };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { url: other.url, problem, delivers: false, retains: false };
  }
}

/** Whether `promise` has resolved within `ms`. */
async function inTime(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}
