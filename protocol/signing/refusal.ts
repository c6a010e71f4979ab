/** Commands refused because of their sender or their signature. */
import { ExpectedError, type RefusalCode } from "../expected_error.ts";

/** The claimed signer, as far as the signature could be parsed. */
export interface Signer {
  readonly kid: string;
  readonly jti?: string;
}

/** A refused command; the message is for the operator. */
export class Refusal extends ExpectedError {
  override name = "Refusal";
  /** @param agent the agent concerned, for listeners that wait for news of it */
  constructor(
    override readonly code: RefusalCode,
    message: string,
    readonly signer?: Signer,
    readonly agent?: string,
  ) {
    super(message);
  }
}
