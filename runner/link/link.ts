/** What the runner needs of a message broker, whatever carries it. */

/**
 * What a message is to those who wait for it. `telemetry`: what agents say; dropped oldest first when too much waits.
 * `control`: replies, errors, changes of state; kept ahead of telemetry. `heartbeat`: only the newest one counts.
 */
export type MessageClass = "telemetry" | "control" | "heartbeat";

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly class: MessageClass;
  /** Whose it is: telemetry of different sources takes turns. */
  readonly source?: string;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** It was kept by the broker from before the subscription. */
  readonly retained: boolean;
}

/** Who is told what comes over the link. */
export interface LinkListener {
  onMessage(message: IncomingMessage): void;
  /** Connected and subscribed; again after each outage. */
  onConnected(): void;
  /** @param reason why, for the operator */
  onDisconnected(reason: string): void;
  /** A filter that was wanted before this connection is refused on it. */
  onRefused?(refused: RefusedFilter): void;
}

/** What the broker does not let this link listen to. */
export interface RefusedFilter {
  readonly filter: string;
  /** For the operator. */
  readonly reason: string;
}

export interface Link {
  /**
   * Takes a message over. Never fails for an outage.
   * @returns settles when the broker has it, when it is kept for after an outage, or when it had to be dropped
   */
  publish(message: OutgoingMessage): Promise<void>;
  /**
   * From now on and after every reconnect. Retained messages come again for a filter that is subscribed again.
   * @param qos 1: what is sent while the link is away comes afterwards; 0: it does not
   * @returns what the broker refuses of it, once it has answered; at once and nothing while the link is away; a link that
   * has just been opened is away once its first attempt to connect has failed
   */
  subscribe(filters: readonly string[], qos?: 0 | 1): Promise<readonly RefusedFilter[]>;
  unsubscribe(filters: readonly string[]): void;
  readonly connected: boolean;
  /** Messages that wait or are under way. */
  readonly queued: number;
  /** Messages that had to be dropped since the start. */
  readonly dropped: number;
  /** Lets what is queued reach the broker, at most `drainMs` milliseconds, and closes. */
  close(drainMs: number): Promise<void>;
}
