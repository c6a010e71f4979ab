/** Notices when the broker's access rules block this node's messages: MQTT 3.1.1 does not report that. */
import type { Clock } from "../../clock.ts";
import type { Link } from "../../link/link.ts";
import type { Logger } from "../../logger.ts";

export interface EchoParts {
  readonly node: string;
  readonly link: Pick<Link, "connected">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Less than the time between two heartbeats, and far more than a broker takes to deliver one. */
const PATIENCE_MS = 9_000;

/** A node subscribes to its own heartbeats: if they do not come back, commands probably do not arrive either. */
export class Echo {
  /** When the oldest heartbeat that has not come back was sent. */
  #unheardSinceMs: number | undefined;
  #said = false;

  constructor(private readonly parts: EchoParts) {}

  /** Resets the check: heartbeats of an earlier connection do not count. */
  connected(): void {
    this.#unheardSinceMs = undefined;
    this.#said = false;
  }

  /** A heartbeat has been sent. */
  sent(): void {
    const { node, link, clock, log } = this.parts;
    if (!link.connected) return;
    const nowMs = clock.monotonicMs();
    this.#unheardSinceMs ??= nowMs;
    if (this.#said || nowMs - this.#unheardSinceMs < PATIENCE_MS) return;
    this.#said = true;
    log.warning(
      `The broker does not deliver this node's own messages under nodes/${node}/, so commands will not arrive either. ` +
        `Check that the broker's access rules allow its user to write and read nodes/${node}/#`,
    );
  }

  /** A message of this node has come back. */
  heard(): void {
    if (this.#said) this.parts.log.info("The broker delivers this node's own messages");
    this.connected();
  }
}
