/** Decides who may talk to the HTTP server, by host, origin and token. Pure. */
import { timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../protocol/broker/loopback.ts";

export interface GuardOptions {
  /** Host names that clients may use for this server, besides loopback names. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may use this server, besides its own. */
  readonly origins: readonly string[];
  /** `undefined`: no token is required. */
  readonly token: string | undefined;
}

/** Why a request is refused, as HTTP status and reason; `undefined` if it is allowed. */
export type Refusal = { readonly status: 401 | 403; readonly reason: string } | undefined;

/**
 * A web page can send requests here under a host name of its own (DNS rebinding): the `Host` and `Origin` headers that
 * the browser adds reveal it. Other programs send no `Origin`. Pages from other ports of this machine are refused too:
 * any local program can serve one.
 */
export function refusalOf(headers: Headers, { hosts, origins, token }: GuardOptions): Refusal {
  const own = urlOf(`http://${headers.get("host") ?? ""}`);
  if (own === undefined || !(isLoopback(own.hostname) || hosts.includes(own.hostname))) {
    return { status: 403, reason: "This server does not answer to that host name (--allow-host)" };
  }
  const given = headers.get("origin");
  if (given !== null) {
    const from = urlOf(given);
    if (from === undefined || !(from.host === own.host || origins.includes(from.origin))) {
      return { status: 403, reason: "Pages from that origin may not use this server (--allow-origin)" };
    }
  }
  if (token === undefined) return undefined;
  const [scheme, shown = ""] = (headers.get("authorization") ?? "").split(" ");
  return scheme?.toLowerCase() === "bearer" && isSame(shown, token)
    ? undefined
    : { status: 401, reason: "The token is missing or wrong (Authorization: Bearer …)" };
}

function urlOf(text: string): URL | undefined {
  const url = URL.parse(text);
  return url === null || url.host === "" ? undefined : url;
}

/** Compares in constant time. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return a.length === b.length && timingSafeEqual(a, b);
}
