/** The check that each command must pass before the node obeys it. */
import type { Refusal, Signer } from "../../protocol/signing/refusal.ts";
import type { SignedCommand } from "../../protocol/commands.ts";

/** A command as received. */
export interface Petition {
  readonly topic: string;
  readonly json: unknown;
  readonly text: string;
  readonly retained: boolean;
  readonly command: SignedCommand;
}

/** A command that is to be obeyed. */
export interface Admission {
  /** The command to obey: the signed content, never what surrounds it. */
  readonly json: unknown;
  readonly text: string;
  /** Whether it is treated as a retained message. */
  readonly retained: boolean;
  readonly signer?: Signer | undefined;
  /** Why it would have been refused, if `--trust-mode` is `warn`. */
  readonly warning?: Refusal | undefined;
  /** Call this when the command has been carried out, or has failed. */
  readonly done: () => Promise<void>;
}

/** Invariant: commands pass in the order they came. */
export interface CommandGate {
  /** Whether unproved commands are refused, rather than only warned of. */
  readonly isEnforced: boolean;
  /** Whether the key file, as it was last read, has that key. */
  knows(kid: string): boolean;
  /** The key (Ed25519, base64url) of a node that is enrolled. */
  nodeKey(node: string): Promise<string | undefined>;
  /** @throws Refusal */
  admit(petition: Petition): Promise<Admission>;
}
