/** What the node asks before it obeys. */
import type { Refusal, Signer } from "../../protocol/signing/refusal.ts";
import type { SignedCommand } from "../../protocol/commands.ts";

/** A command as it came. */
export interface Petition {
  readonly topic: string;
  readonly json: unknown;
  readonly text: string;
  readonly retained: boolean;
  readonly command: SignedCommand;
}

/** A command that is to be obeyed. */
export interface Admission {
  /** What is to be obeyed: what was signed, never what stood beside it. */
  readonly json: unknown;
  readonly text: string;
  /** Whether it counts as one that the broker had kept. */
  readonly retained: boolean;
  readonly signer?: Signer | undefined;
  /** Why it would have been refused, where that is only warned of. */
  readonly warning?: Refusal | undefined;
  /** To be called when it has been carried out, or could not be. */
  readonly done: () => Promise<void>;
}

/** Invariant: commands are let through in the order they came. */
export interface CommandGate {
  /** Whether what is not proved is refused, and not only warned of. */
  readonly isEnforced: boolean;
  /** The key (Ed25519, base64url) of a node that is enrolled. */
  nodeKey(node: string): Promise<string | undefined>;
  /** @throws Refusal */
  admit(petition: Petition): Promise<Admission>;
}
