/** The link over MQTT 3.1.1: one connection at a time, re-established after each outage. */
import type { MqttClient } from "mqtt";
import { type Address, Addresses, type LookUp } from "../../protocol/broker/addresses.ts";
import { type openClient, usualStream } from "../../protocol/broker/client.ts";
import { endClient } from "../../protocol/broker/end_client.ts";
import { disableNagle } from "../../protocol/broker/no_delay.ts";
import type { BrokerUrl } from "../../protocol/broker/broker_url.ts";
import {
  type ConnectAttempt,
  type ConnectionError,
  describeFailure,
  isBareEnd,
} from "../../protocol/broker/failure.ts";
import { SILENCE_MS } from "./caution.ts";
import {
  clientOptions,
  type ClientParts,
  type LastWill,
  LITTLE_PATIENCE,
  PATIENCE,
  type Patience,
} from "./client_options.ts";
import { Filters } from "./filters.ts";
import { becomesMute } from "./mute.ts";
import { openLeanClient } from "./lean_client.ts";
import type { Link, LinkListener, MessageTrail, OutgoingMessage, RefusedFilter } from "./link.ts";
import { type Ending, Outage, STANDS_MS } from "./outage.ts";
import { Sender, type SenderParts } from "./sender.ts";
import { vettedSocket } from "./vetted_socket.ts";
import { FULL_WILL, WillTrial } from "./will_trial.ts";

/** Random delays up to this keep a fleet from moving to the next cluster member all at once. */
const SWITCH_MS = 200;
/** How long the broker may acknowledge nothing of what has been sent. */
const STALL_MS = 60_000;
/** Time limit for closing the connection itself. */
const END_MS = 500;

export interface MqttLinkOptions extends ClientParts, SenderParts {
  readonly broker: BrokerUrl;
  /** Recreated for each connection. */
  readonly will?: () => LastWill;
  /**
   * Called before anything is sent on an unencrypted connection; returns why it must not be used. While the broker is
   * away, an agent may listen on its port.
   * @param connection the port of the broker, and the local port of the connection
   */
  readonly vet?: (connection: { readonly port: number; readonly localPort: number }) => string | undefined;
  /** Default: the machine's name service. */
  readonly lookUp?: LookUp;
  /** Default: `openLeanClient`. */
  readonly open?: typeof openClient;
}

/** State of one connection. */
interface Connection {
  readonly client: MqttClient;
  readonly address: Address;
  readonly patience: Patience;
  /** Aborted when the connection ends. */
  readonly ended: AbortSignal;
  /** Ends it. @param reason for the operator */
  readonly giveUp: (reason: string) => void;
  isGivenUp: boolean;
  accepted: boolean;
  /** Whether it is the first careful connection, on which nothing is sent. */
  isSilent: boolean;
}

/** Invariant: after connections that broke with something in flight, the link uses careful mode (see `Caution`). */
export class MqttLink implements Link {
  readonly #sender: Sender;
  readonly #filters: Filters;
  readonly #addresses: Addresses;
  /** By address. */
  readonly #outages = new Map<string, Outage>();
  readonly #wills = new WillTrial();
  readonly #closing = new AbortController();
  /** Resolves when the first attempt to connect has led to confirmed subscriptions, or has failed. */
  readonly #attempted = Promise.withResolvers<void>();
  #hasAttempted = false;
  #hasSaidWill = false;
  #client: MqttClient | undefined;
  #connected = false;
  #lastAddress: string | undefined;

  constructor(private readonly options: MqttLinkOptions) {
    this.#addresses = new Addresses(options.broker, options.lookUp);
    this.#filters = new Filters(options.log);
    this.#sender = new Sender(options);
  }

  get connected(): boolean {
    return this.#connected;
  }

  get address(): string | undefined {
    return this.#connected && this.#addresses.areSeveral ? this.#lastAddress : undefined;
  }

  get queued(): number {
    return this.#sender.queued;
  }

  get dropped(): number {
    return this.#sender.dropped;
  }

  limitOf(topic: string): number | undefined {
    return this.#sender.limitOf(topic);
  }

  publish(message: OutgoingMessage): Promise<void> {
    return this.#sender.publish(message);
  }

  follow(trail: MessageTrail): void {
    this.#sender.follow(trail);
  }

  async subscribe(filters: readonly string[], qos: 0 | 1 = 1): Promise<readonly RefusedFilter[]> {
    if (filters.length === 0) return [];
    this.#filters.add(filters, qos);
    // Before the first connection: the filters are sent once it is up.
    if (this.#connected && this.#client !== undefined) {
      return await this.#filters.subscribe(this.#client, filters);
    }
    await this.#attempted.promise;
    return this.#filters.refusedOf(filters);
  }

  unsubscribe(filters: readonly string[]): void {
    this.#filters.remove(filters);
    if (!this.#connected || this.#client === undefined || filters.length === 0) return;
    void this.#filters.unsubscribe(this.#client, filters);
  }

  /** Connects, and reconnects after every outage, until the link is closed. Never rejects. */
  async run(listener: LinkListener): Promise<void> {
    const { clock, log } = this.options;
    while (!this.#closing.signal.aborted) {
      const address = await this.#addresses.current();
      const ending = await this.#connectOnce(listener, address);
      if (this.#closing.signal.aborted) return;
      if (ending === "again") continue;
      const { delayMs, say } = this.#outageAt(address).ended(ending, clock.monotonicMs(), Math.random());
      // If the next attempt only tries other options, it stays at the same address.
      const isRoundOver = ending.isUnproved || this.#addresses.next();
      if (say !== undefined) {
        const then = isRoundOver ? "Retrying until it is there." : "Trying the next address.";
        log.warning(`No connection to the broker at ${address.text}: ${say}. ${then}`);
      }
      const switchMs = Math.random() * SWITCH_MS;
      await clock.sleep(isRoundOver ? delayMs : switchMs, this.#closing.signal);
    }
  }

  async close(drainMs: number): Promise<void> {
    await this.#sender.drain(drainMs);
    this.#closing.abort();
    if (this.#client !== undefined) await endClient(this.#client, END_MS);
    this.options.keeper[Symbol.dispose]();
  }

  /** Runs one connection from its first packet to its end. `again`: it was only a trial. */
  #connectOnce(listener: LinkListener, address: Address): Promise<Ending | "again"> {
    const patience = this.#addresses.areSeveral ? LITTLE_PATIENCE : PATIENCE;
    return new Promise((resolve) => {
      let refusal: string | undefined;
      let failure: ConnectionError | undefined;
      let isTrial = false;
      const ended = new AbortController();
      const client = this.#client = this.#openClient(address, patience, (reason) => refusal = reason);
      const connection: Connection = {
        client,
        address,
        patience,
        ended: ended.signal,
        giveUp: (reason) => {
          refusal ??= reason;
          connection.isGivenUp = true;
          client.stream.destroy();
        },
        isGivenUp: false,
        accepted: false,
        isSilent: false,
      };
      client.on("connect", () => {
        connection.accepted = true;
        isTrial = this.options.will !== undefined && this.#wills.accepted();
        if (isTrial) return void client.end();
        disableNagle(client);
        void this.#begin(connection, listener);
      });
      client.on("message", (topic, payload, packet) => {
        listener.onMessage({ topic, payload, retained: packet.retain });
      });
      client.on("error", (error) => failure ??= error);
      client.on("close", () => {
        client.removeAllListeners("message");
        ended.abort();
        const wasConnected = this.#connected;
        // Do this first: ending the client fails messages in flight, and those must go back to the outbox.
        if (!isTrial) this.#lost(connection);
        const mayBeTheWill = this.options.will !== undefined && !connection.accepted &&
          refusal === undefined &&
          isBareEnd(failure);
        const isUnproved = mayBeTheWill && this.#wills.refused();
        const reason = refusal ?? this.#reasonOf(failure, connection);
        if (wasConnected) listener.onDisconnected(reason);
        client.end(true);
        resolve(isTrial ? "again" : { accepted: connection.accepted, reason, isUnproved });
      });
    });
  }

  #openClient(address: Address, patience: Patience, onRefused: (reason: string) => void): MqttClient {
    const { vet, will, open = openLeanClient } = this.options;
    const { broker } = address;
    const options = clientOptions(this.options, will?.(), this.#wills.way, patience);
    // TLS connections check the broker's certificate instead.
    if (vet === undefined || !broker.url.startsWith("mqtt://")) {
      return open(broker, options, usualStream(address, options));
    }
    const vetOne = (localPort: number) => vet({ port: broker.port, localPort });
    return open(broker, options, () => vettedSocket(address, vetOne, onRefused));
  }

  #outageAt({ text }: Address): Outage {
    const outage = this.#outages.get(text) ?? new Outage(this.options.clientId);
    this.#outages.set(text, outage);
    return outage;
  }

  /** The broker has accepted this client. */
  async #begin(connection: Connection, listener: LinkListener): Promise<void> {
    const { clock, log } = this.options;
    const { client, ended, address } = connection;
    const isNews = this.#outageAt(address).connected();
    if (isNews || this.#isElsewhere(address)) log.info(`Connected to ${address.text}`);
    this.#lastAddress = address.text;
    void this.#noticeThatItStands(connection);
    void this.#noticeThatItStalls(connection);
    const { caution } = this.#sender;
    for (const lack of this.#lacksOfWill()) this.#sender.sayLack(lack);
    if (caution.isOn) {
      connection.isSilent = true;
      if (!await clock.sleep(SILENCE_MS, ended)) return;
      connection.isSilent = false;
    }
    this.#connected = true;
    listener.onOpening?.();
    // A broker may take what follows first: whoever hears that this node is there may send it something at once.
    await this.#subscribeAll(connection, listener, caution.isOn);
    if (ended.aborted) return;
    this.#sender.begin(client, () => listener.onConnected());
  }

  async #subscribeAll(
    { client, ended, giveUp, patience }: Connection,
    listener: LinkListener,
    carefully: boolean,
  ): Promise<void> {
    const isFirst = !this.#hasAttempted;
    const answered = new AbortController();
    const { answerMs } = patience;
    const isOver = AbortSignal.any([ended, answered.signal]);
    void becomesMute(this.#filters, answerMs, this.options.clock, isOver).then((isMute) => {
      if (isMute) giveUp(`no answer to subscriptions within ${answerMs / 1000} s`);
    });
    const refused = await this.#filters.subscribeAll(client, carefully);
    answered.abort();
    if (ended.aborted) return;
    this.#hasAttempted = true;
    this.#attempted.resolve();
    // Subscribers from before the first attempt get the answer from their own call.
    if (!isFirst) { for (const filter of refused) listener.onRefused?.(filter); }
  }

  /** Whether there are several addresses, and this is not the previous one. */
  #isElsewhere({ text }: Address): boolean {
    return this.#addresses.areSeveral && text !== this.#lastAddress;
  }

  async #noticeThatItStands({ ended, address }: Connection): Promise<void> {
    const { clock, log } = this.options;
    if (!await clock.sleep(STANDS_MS, ended)) return;
    if (this.#outageAt(address).stands()) log.info(`Connected to ${address.text}`);
    // Outages of the other addresses are over.
    for (const text of this.#outages.keys()) if (text !== address.text) this.#outages.delete(text);
    this.#sender.caution.clear();
    this.#sender.pump();
  }

  /** A broker that answers pings but acknowledges nothing would hold up all messages for ever. */
  async #noticeThatItStalls({ client, ended, giveUp }: Connection): Promise<void> {
    while (await this.options.clock.sleep(STALL_MS / 4, ended)) {
      // Sending a large message over a slow line takes time.
      const isSent = client.stream.writableLength === 0;
      if (isSent && this.#sender.stalledMs >= STALL_MS) {
        giveUp(`nothing that was sent has been acknowledged for ${STALL_MS / 1000} s`);
      }
    }
  }

  /** What the broker turned out not to support, judged by the last will it accepted. */
  #lacksOfWill(): readonly string[] {
    const way = this.#wills.settled;
    if (way === undefined || this.#hasSaidWill) return [];
    this.#hasSaidWill = true;
    if (way !== "none") return this.#sender.caution.learn(FULL_WILL, way);
    return ["a last will: a vanished node is noticed only by missing heartbeats"];
  }

  #reasonOf(
    failure: ConnectionError | undefined,
    { accepted, address, patience }: Connection,
  ): string {
    const { access } = this.options;
    const attempt: ConnectAttempt = {
      broker: address.broker,
      accepted,
      hasCa: access.ca !== undefined,
      hasCertificate: access.identity !== undefined,
      hasUsername: access.username !== undefined,
      timeoutMs: patience.answerMs,
    };
    return describeFailure(failure, attempt);
  }

  #lost({ accepted, isSilent, isGivenUp }: Connection): void {
    this.#connected = false;
    this.#hasAttempted = true;
    this.#attempted.resolve();
    if (!accepted) return;
    if (isSilent) this.#sender.caution.clear();
    const filtersUnderWay = this.#filters.broke(this.#sender.caution.isOn && !isGivenUp);
    this.#sender.lost(filtersUnderWay, isGivenUp);
  }
}
