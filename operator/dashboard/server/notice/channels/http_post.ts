/** Posts a message over HTTP, and judges the answer. */
import { DeliveryError } from "./channel.ts";

/** Answers that say "later", not "never": timeout, too early, too many requests. */
const PASSING = new Set([408, 425, 429]);

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** @throws DeliveryError */
export async function postJson({ url, headers, body }: HttpPost, signal: AbortSignal): Promise<void> {
  // The URL may hold a secret: no error may quote it.
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      // A redirect would send the message, and its secrets, to somebody whom the operator has not named.
      redirect: "manual",
      signal,
    });
  } catch {
    throw new DeliveryError(
      signal.aborted ? `${host} does not answer in time` : `${host} cannot be reached`,
      "passing",
    );
  }
  await response.body?.cancel();
  if (response.ok) return;
  const { status } = response;
  const isPassing = status >= 500 || PASSING.has(status);
  throw new DeliveryError(`${host} answers ${status}`, isPassing ? "passing" : "final");
}
