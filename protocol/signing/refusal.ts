/** Commands that a node does not obey because of who sent them, or of what proves it. */
import { ExpectedError, type RefusalCode } from "../expected_error.ts";

/** Who is said to have signed; known only as far as the signature could be read. */
export interface Signer {
  readonly kid: string;
  readonly jti?: string;
}

/** A command that is refused; the message is for the operator. */
export class Refusal extends ExpectedError {
  override name = "Refusal";
  /** @param agent the agent it is about, for those who wait to hear of it */
  constructor(
    override readonly code: RefusalCode,
    message: string,
    readonly signer?: Signer,
    readonly agent?: string,
  ) {
    super(message);
  }
}
