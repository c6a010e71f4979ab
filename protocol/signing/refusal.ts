/** Commands that a node does not obey because of who sent them, or of what proves it. */

/** One word for each reason, for programs; `docs/signing.md` lists them. */
export type RefusalCode =
  | "unsigned"
  | "malformed"
  | "unknown_key"
  | "tampered"
  | "wrong_node"
  | "wrong_topic"
  | "key_not_for_node"
  | "key_not_for_command"
  | "not_yet_valid"
  | "expired"
  | "window_too_long"
  | "issued_before_reset"
  | "replayed"
  | "superseded"
  | "unproved_migration"
  | "unsealed_decision"
  | "too_many";

/** Who is said to have signed; known only as far as the signature could be read. */
export interface Signer {
  readonly kid: string;
  readonly jti?: string;
}

/** A command that is refused; the message is for the operator. */
export class Refusal extends Error {
  override name = "Refusal";
  /** @param agent the agent it is about, for those who wait to hear of it */
  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly signer?: Signer,
    readonly agent?: string,
  ) {
    super(message);
  }
}
