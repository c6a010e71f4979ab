/** A retained spawn that is refused stays on the broker and comes again with every connection: it is said once. */
import { createHash } from "node:crypto";
import { SpawnConfigError } from "../../../protocol/spawn_config.ts";
import type { IncomingMessage } from "../../link/link.ts";
import { PolicyRefusal } from "../../policy/gatekeeper.ts";
import { Refusal } from "../../../protocol/signing/refusal.ts";

interface Refused {
  readonly digest: string;
  /** Why, in a word that stays the same. */
  readonly reason: string;
  /** Whether nothing but another message could change it, while this process runs. */
  readonly isLasting: boolean;
}

/** There is one retained message on a topic. What is published anew comes without that flag, and is always looked at. */
export class RetainedRefusals {
  #last: Refused | undefined;

  /** @param topic where spawns come in */
  constructor(private readonly topic: string) {}

  /** Whether it has been refused for good: it need not be looked at again. */
  isSettled({ topic, payload, retained }: IncomingMessage): boolean {
    if (!retained || topic !== this.topic || this.#last?.isLasting !== true) return false;
    return this.#last.digest === digestOf(payload);
  }

  /** It is refused. @returns whether that is news */
  isNews({ topic, payload, retained }: IncomingMessage, error: unknown): boolean {
    if (topic !== this.topic) return true;
    const before = this.#last;
    this.#last = { digest: digestOf(payload), ...describe(error) };
    // One that is published now may be kept by the broker, and then come again.
    return !retained || before?.digest !== this.#last.digest || before.reason !== this.#last.reason;
  }
}

function describe(error: unknown): Pick<Refused, "reason" | "isLasting"> {
  // A key may have been added since, or a clock set right.
  if (error instanceof Refusal) return { reason: error.code, isLasting: false };
  if (error instanceof PolicyRefusal) return { reason: error.message, isLasting: error.isLasting };
  return { reason: String(error), isLasting: error instanceof SpawnConfigError };
}

function digestOf(payload: Uint8Array): string {
  return createHash("sha256").update(payload).digest("hex");
}
