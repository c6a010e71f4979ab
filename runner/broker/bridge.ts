/** Joins the embedded broker to a larger one: what crosses is kept on its own side until the other side has it. */
import { Buffer } from "node:buffer";
import type { IClientOptions, IConnackPacket, MqttClient } from "mqtt";
import { credentialOptions } from "../../protocol/broker/access.ts";
import { openClient } from "../../protocol/broker/client.ts";
import { singlesOf, writtenList } from "../../protocol/broker/broker_url.ts";
import { endClient } from "../../protocol/broker/end_client.ts";
import { describeFailure } from "../../protocol/broker/failure.ts";
import { printable } from "../../protocol/printable.ts";
import { filterMatches, publishTopicError } from "../../protocol/topics.ts";
import type { Clock } from "../clock.ts";
import type { BridgeConfig } from "./bridge_file.ts";
import { BROKER_LIMITS } from "./embedded.ts";
import { type BridgedMessage, NearSide } from "./near_side.ts";

export interface BridgeParts {
  readonly config: BridgeConfig;
  /** Of the node: sessions at both brokers are named after it. */
  readonly name: string;
  /** Of the embedded broker, on loopback. */
  readonly port: number;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly clock: Clock;
  /** A file beside the broker's store: what the session there is subscribed to. */
  readonly subscribedFile: string;
  /** Called when the bridge opens or closes; a reason is said once. */
  readonly say: (message: string, isProblem: boolean) => void;
}

const CONNECT_MS = 10_000;
const KEEPALIVE_SECONDS = 15;
/** How long the larger broker keeps what waits for the bridge. */
const SESSION_SECONDS = 7 * 24 * 3600;
/** The most messages under way to the larger broker, which may allow fewer. */
const WINDOW = 200;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5000;
/** The fixed header, the lengths of topic and properties, and the packet identifier; rounded up. */
const PACKET_OVERHEAD_BYTES = 16;
const SAY_DROPS_EVERY_MS = 60_000;
/** Of a topic, in the log. */
const MAX_SHOWN_CHARS = 200;
/** How long messages under way may take at the end. */
const END_MS = 2000;

/** The larger broker, once it has let the bridge in. */
interface FarSide extends AsyncDisposable {
  readonly window: number;
  /** The largest packet that it takes, in bytes. */
  readonly maxBytes: number;
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<string>;
  /** @throws Error when the broker refuses one */
  subscribe(filters: readonly string[]): Promise<void>;
  publish(message: BridgedMessage): Promise<void>;
}

/**
 * Needs MQTT 5 at the larger broker: its option "no local" keeps what the bridge has brought from coming back, and
 * "retain as published" keeps the flag. Invariants: both connections are there, or none is used; no message is
 * acknowledged before the other side has acknowledged it. So a break may repeat what was under way, and loses nothing.
 */
export class Bridge implements AsyncDisposable {
  readonly #ending = new AbortController();
  readonly #work: Promise<void>;
  #said = "";
  #attempts = 0;
  #dropped = 0;
  #saidDropMs = -Infinity;

  constructor(private readonly parts: BridgeParts) {
    this.#work = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
      try {
        const reason = await this.#join(() => pauseMs = FIRST_PAUSE_MS);
        if (reason !== undefined) this.#tell(`is closed: ${reason}. What is to cross waits`, true);
      } catch (error) {
        this.#tell(`cannot be opened: ${(error as Error).message}. It is tried again`, true);
      }
      await this.parts.clock.sleep(pauseMs, signal);
    }
  }

  /** @returns why the bridge closed; `undefined` at its end. @throws Error when it could not be opened */
  async #join(onOpen: () => void): Promise<string | undefined> {
    const { config: { topics }, port, credentials, name, subscribedFile } = this.parts;
    const filters = topics.filter(({ direction }) => direction !== "in").map(({ filter }) => filter);
    const nearReady = Promise.withResolvers<NearSide>();
    // Nobody waits for it where the other side cannot be reached.
    nearReady.promise.catch(() => {});
    await using far = await this.#openFar(async (message) => {
      const near = await nearReady.promise;
      if (this.#crosses("in", message, BROKER_LIMITS.packetBytes)) await near.publish(message);
    });
    const opening = NearSide.open({
      port,
      clientId: `bridge-${name}`,
      credentials,
      filters,
      isSubscribed: await Deno.readTextFile(subscribedFile).catch(() => "") === JSON.stringify(filters),
      // The session may still have a filter that is no longer in the file.
      carry: async (message) => {
        if (this.#crosses("out", message, far.maxBytes)) await this.#send(far, message);
      },
      window: far.window,
    });
    opening.then(nearReady.resolve, nearReady.reject);
    await using near = await opening;
    // What the session has kept comes before the answer to this, and goes to the other side.
    const ending = aborted(this.#ending.signal);
    await Promise.race([
      far.subscribe(topics.filter(({ direction }) => direction !== "out").map(({ filter }) => filter)),
      ending,
    ]);
    if (this.#ending.signal.aborted) return undefined;
    await Deno.writeTextFile(subscribedFile, JSON.stringify(filters), { mode: 0o600 });
    onOpen();
    this.#tell("is open", false);
    const reason = await Promise.race([
      far.closed,
      near.closed.then(() => "the embedded broker has closed its end"),
      ending,
    ]);
    if (reason === undefined) await this.#finish(near);
    return reason;
  }

  async #finish(near: NearSide): Promise<void> {
    const finished = new AbortController();
    await Promise.race([near.finish(), this.parts.clock.sleep(END_MS, finished.signal)]);
    finished.abort();
  }

  #crosses(direction: "in" | "out", { topic, payload }: BridgedMessage, maxBytes: number): boolean {
    const isMeant = this.parts.config.topics.some((each) =>
      (each.direction === direction || each.direction === "both") && filterMatches(each.filter, topic)
    );
    if (!isMeant) return false;
    // A broker closes the connection over either, and would do so again and again.
    const isTooLarge = payload.length + Buffer.byteLength(topic) + PACKET_OVERHEAD_BYTES > maxBytes;
    const problem = publishTopicError(topic) ??
      (isTooLarge ? `it has ${payload.length} bytes, and ${maxBytes} are the limit` : undefined);
    if (problem !== undefined) this.#drop(topic, problem);
    return problem === undefined;
  }

  /** What the larger broker refuses, it would refuse again: it is dropped, so that the rest can cross. */
  async #send(far: FarSide, message: BridgedMessage): Promise<void> {
    try {
      await far.publish(message);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#drop(message.topic, error.message);
    }
  }

  #drop(topic: string, reason: string): void {
    this.#dropped += 1;
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.#saidDropMs < SAY_DROPS_EVERY_MS) return;
    this.#saidDropMs = nowMs;
    this.parts.say(
      `The bridge has dropped a message on ${
        printable(topic.slice(0, MAX_SHOWN_CHARS))
      }: ${reason} (${this.#dropped} dropped since the start)`,
      true,
    );
  }

  async #openFar(carry: (message: BridgedMessage) => Promise<void>): Promise<FarSide> {
    const { config: { access, broker: all }, name } = this.parts;
    const addresses = singlesOf(all);
    const broker = addresses[this.#attempts++ % addresses.length] ?? all;
    const options: IClientOptions = {
      ...credentialOptions(access),
      protocolVersion: 5,
      clientId: `agentflow-bridge-${name}`,
      clean: false,
      // The broker keeps a larger one to itself: otherwise it would be in memory here before it is dropped.
      properties: { sessionExpiryInterval: SESSION_SECONDS, maximumPacketSize: BROKER_LIMITS.packetBytes },
      keepalive: KEEPALIVE_SECONDS,
      connectTimeout: CONNECT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
    };
    const client = openClient(broker, options);
    client.handleMessage = ({ topic, payload, retain }, done) => {
      // Without an acknowledgement, the broker sends it again with the next connection.
      carry({ topic, payload, retain }).then(() => done(), () => client.end(true));
    };
    let problem: Error | undefined;
    client.on("error", (error) => problem = error);
    const attempt = {
      broker,
      hasCa: access.ca !== undefined,
      hasCertificate: access.identity !== undefined,
      hasUsername: access.username !== undefined,
      timeoutMs: CONNECT_MS,
    };
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    const connected = new Promise<IConnackPacket>((resolve) => client.once("connect", resolve));
    const onAbort = () => client.end(true);
    this.#ending.signal.addEventListener("abort", onAbort);
    try {
      const connack = await Promise.race([connected, closed]);
      if (connack === undefined) {
        throw new Error(refusesMqtt5(problem) ?? describeFailure(problem, { ...attempt, accepted: false }));
      }
      const retains = connack.properties?.retainAvailable !== false;
      return {
        maxBytes: connack.properties?.maximumPacketSize ?? Infinity,
        window: Math.min(WINDOW, connack.properties?.receiveMaximum ?? WINDOW),
        closed: closed.then(() => describeFailure(problem, { ...attempt, accepted: true })),
        subscribe: async (filters) => {
          if (filters.length > 0) await Promise.race([subscribe(client, filters), closed]);
        },
        publish: async ({ topic, payload, retain }) => {
          const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
          await client.publishAsync(topic, bytes, { qos: 1, retain: retain && retains });
        },
        [Symbol.asyncDispose]: () => endClient(client, END_MS),
      };
    } catch (error) {
      client.end(true);
      throw error;
    } finally {
      this.#ending.signal.removeEventListener("abort", onAbort);
    }
  }

  #tell(what: string, isProblem: boolean): void {
    const message = `The bridge to ${writtenList(this.parts.config.broker)} ${what}`;
    if (message !== this.#said && !this.#ending.signal.aborted) this.parts.say(message, isProblem);
    this.#said = message;
  }
}

/** @throws Error when the broker refuses one */
async function subscribe(client: MqttClient, filters: readonly string[]): Promise<void> {
  // Retained messages come with a new subscription alone.
  const options = { qos: 1, nl: true, rap: true, rh: 1 } as const;
  const grants = await client.subscribeAsync(Object.fromEntries(filters.map((filter) => [filter, options])));
  const refused = grants.find(({ qos }) => qos > 2);
  if (refused !== undefined) throw new Error(`the broker does not let this user read ${refused.topic}`);
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  return undefined;
}

/** Whether the larger broker has answered a message with a reason code of failure (MQTT 5, 3.4.2.1). */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && "code" in error && typeof error.code === "number" && error.code >= 0x80;
}

/** @param problem with the return code of MQTT 3.1.1 (1), or the reason code of MQTT 5 (0x84) */
function refusesMqtt5(problem: Error | undefined): string | undefined {
  const code = problem !== undefined && "code" in problem ? problem.code : undefined;
  return code === 1 || code === 0x84 ? "that broker does not speak MQTT 5, which a bridge needs" : undefined;
}
