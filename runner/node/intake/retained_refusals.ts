/** Retained messages that this node refuses arrive again with every subscription: each refusal is reported once. */
import { SpawnConfigError } from "../../../protocol/spawn_config.ts";
import type { IncomingMessage } from "../../link/link.ts";
import { PolicyRefusal } from "../../policy/policy_enforcer.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";
import { CommandError } from "../commands/command.ts";
import { sha256 } from "../../../protocol/hash.ts";

/** A retained command that must not be obeyed: it would be obeyed again with every subscription. */
export class KeptCommandError extends CommandError {
  override name = "KeptCommandError";
  constructor(topic: string) {
    super(
      `Ignored the retained message on ${topic}: of retained messages, only spawn and desired_state are ` +
        `obeyed. Remove it: mosquitto_pub -r -n -t '${topic}'`,
    );
  }
}

interface Refused {
  readonly digest: string;
  /** The reason, as a stable code. */
  readonly reason: string;
  /** Whether only another message could change it, while this process runs. */
  readonly isLasting: boolean;
}

/** Bounded, because agents and their topics come and go. */
const MAX_TOPICS = 1000;

/**
 * A topic has one retained message. A newly published message is not flagged as retained, and is always checked.
 * Invariant: what is remembered is bounded.
 */
export class RetainedRefusals {
  readonly #last = new Map<string, Refused>();

  /** @param keptTopics topics with retained messages: what is refused there arrives again */
  constructor(private readonly keptTopics: readonly string[]) {}

  /** Whether it has been refused for good, and need not be checked again. */
  isSettled({ topic, payload, retained }: IncomingMessage): boolean {
    const last = retained ? this.#last.get(topic) : undefined;
    return last?.isLasting === true && last.digest === sha256(payload);
  }

  /** It is refused. @returns whether that is news */
  isNews({ topic, payload, retained }: IncomingMessage, error: unknown): boolean {
    if (!retained && !this.keptTopics.includes(topic)) return true;
    const before = this.#last.get(topic);
    const refused = { digest: sha256(payload), ...describe(error) };
    this.#remember(topic, refused);
    // A message published now may be retained by the broker and arrive again.
    return !retained || before?.digest !== refused.digest || before.reason !== refused.reason;
  }

  #remember(topic: string, refused: Refused): void {
    this.#last.delete(topic);
    this.#last.set(topic, refused);
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MAX_TOPICS) return;
      this.#last.delete(oldest);
    }
  }
}

function describe(error: unknown): Pick<Refused, "reason" | "isLasting"> {
  // A key may have been added since, or a clock corrected.
  if (error instanceof Refusal) return { reason: error.code, isLasting: false };
  if (error instanceof PolicyRefusal) return { reason: error.message, isLasting: error.isLasting };
  const isLasting = error instanceof SpawnConfigError || error instanceof KeptCommandError;
  return { reason: String(error), isLasting };
}
