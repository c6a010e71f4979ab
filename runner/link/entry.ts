/** What waits in the outbox. Pure. */
import type { OutgoingMessage } from "./link.ts";

/** A message that waits, and whom to tell when it is taken care of. */
export interface Entry {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  /** Called once: it is with the broker, kept for later, or dropped. */
  readonly settle: () => void;
}

/** Rough cost of an entry beside its payload, in bytes. */
const OVERHEAD_BYTES = 100;

export function entry(message: OutgoingMessage, settle: () => void): Entry {
  return { message, settle, bytes: message.payload.length + message.topic.length + OVERHEAD_BYTES };
}
