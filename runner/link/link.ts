/** What the runner needs from a message broker, independent of the transport. */

/**
 * The priority of a message. `telemetry`: output of agents, dropped oldest first when the outbox is full.
 * `control`: replies, errors, changes of state; kept in preference to telemetry. `heartbeat`: only the newest counts.
 */
export type MessageClass = "telemetry" | "control" | "heartbeat";

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly class: MessageClass;
  /** The sender: telemetry of different sources takes turns. */
  readonly source?: string;
}

/** Follows each message on its way to the broker. */
export interface MessageTrail {
  /** An earlier process left it. */
  onRestored(message: OutgoingMessage): void;
  /** It is sent, or sent again. */
  onSent(message: OutgoingMessage): void;
  /** The broker has it. */
  onAcknowledged(message: OutgoingMessage): void;
  /** The connection broke: the broker may have it or not. It is sent again, or dropped. */
  onBroken(message: OutgoingMessage): void;
  /** @param refusal why the broker does not take it, for the operator; `undefined` if there was no room for it */
  onDropped(message: OutgoingMessage, refusal: string | undefined): void;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker stored it before the subscription was made. */
  readonly retained: boolean;
}

/** Callbacks for events of the link. */
export interface LinkListener {
  onMessage(message: IncomingMessage): void;
  /** Connected; the subscriptions are on their way, and what they bring may come before the broker confirms them. */
  onOpening?(): void;
  /** Connected and subscribed; called again after each outage. */
  onConnected(): void;
  /** @param reason why, for the operator */
  onDisconnected(reason: string): void;
  /** The broker now refuses a filter that was subscribed before this connection. */
  onRefused?(refused: RefusedFilter): void;
}

/** A subscription that the broker refuses. */
export interface RefusedFilter {
  readonly filter: string;
  /** For the operator. */
  readonly reason: string;
}

export interface Link {
  /**
   * Accepts a message. Never fails because of an outage.
   * @returns settles when the broker has it, when it is stored for after an outage, or when it had to be dropped
   */
  publish(message: OutgoingMessage): Promise<void>;
  /**
   * Subscribes now and after every reconnect. Each new subscription to a filter brings its retained messages again.
   * @param qos 1: messages sent while the link is down arrive afterwards; 0: they do not
   * @returns the filters that the broker refuses, once it has answered; while the link is down, resolves at once with nothing. A
   * link that was just opened counts as down once its first attempt to connect has failed
   */
  subscribe(filters: readonly string[], qos?: 0 | 1): Promise<readonly RefusedFilter[]>;
  unsubscribe(filters: readonly string[]): void;
  /** Reports what happens to messages to `trail` from now on. Only one trail is possible. */
  follow(trail: MessageTrail): void;
  readonly connected: boolean;
  /** Which of several addresses of the broker it is connected to, for people. */
  readonly address: string | undefined;
  /** Messages that are waiting or in flight. */
  readonly queued: number;
  /** Messages that had to be dropped since the start. */
  readonly dropped: number;
  /** The size from which the broker takes no message on a topic, in bytes of payload, as far as that is known. */
  limitOf(topic: string): number | undefined;
  /** Waits up to `drainMs` milliseconds for queued messages to reach the broker, then closes. */
  close(drainMs: number): Promise<void>;
}
