/** A webhook: the message as JSON, with its id as `Idempotency-Key`. */
import type { Channel } from "./channel.ts";
import { postJson } from "./http_post.ts";

export interface WebhookSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function webhook({ url, headers }: WebhookSettings): Channel {
  return {
    kind: "webhook",
    send: (message, signal) =>
      postJson({ url, headers: { ...headers, "idempotency-key": message.id }, body: message }, signal),
  };
}
