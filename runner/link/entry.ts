/** Entries of the outbox. Pure. */
import type { OutgoingMessage } from "./link.ts";

/** A waiting message, and the callback for when it is settled. */
export interface Entry {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  /** Called once: the broker has it, it is stored for later, or it was dropped. */
  readonly settle: () => void;
}

/** Approximate overhead of an entry besides its payload, in bytes. */
const OVERHEAD_BYTES = 100;

export function entry(message: OutgoingMessage, settle: () => void): Entry {
  return { message, settle, bytes: message.payload.length + message.topic.length + OVERHEAD_BYTES };
}
