/** A way out of the dashboard: where notices are sent to. */
import type { ChannelKind } from "../../../notice_wire.ts";
import { ExpectedError } from "../../../../../protocol/expected_error.ts";
import type { NoticeMessage } from "../message.ts";

export interface Channel {
  readonly kind: ChannelKind;
  /** Resolves when the other side has accepted the message. @throws Error in the operator's words */
  send(message: NoticeMessage, signal: AbortSignal): Promise<void>;
}

/** Why a message could not be sent. Other errors count as passing. */
export class DeliveryError extends ExpectedError {
  override name = "DeliveryError";
  override readonly code = "failed";
  constructor(
    message: string,
    /** `final`: it will not be accepted later either. */
    readonly kind: "final" | "passing",
  ) {
    super(message);
  }
}
