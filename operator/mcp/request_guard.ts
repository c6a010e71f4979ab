/** Who may talk to the HTTP server: by host, origin and token. Pure. */
import { timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../protocol/broker/loopback.ts";

export interface GuardOptions {
  /** Names by which this server may be asked for, beside those of loopback. */
  readonly hosts: readonly string[];
  /** Pages that may use it, beside those of its own. */
  readonly origins: readonly string[];
  /** Without it nobody needs one. */
  readonly token: string | undefined;
}

/** Why a request is turned away: HTTP status and reason; `undefined` when it is not. */
export type Refusal = { readonly status: 401 | 403; readonly reason: string } | undefined;

/**
 * A page in a browser can send requests here under a name of its own (DNS rebinding): the `Host` and the `Origin` that
 * the browser adds give it away. Programs send no `Origin`. Nor may a page of another port of this machine: anybody's
 * program can serve one.
 */
export function refusalOf(headers: Headers, { hosts, origins, token }: GuardOptions): Refusal {
  const own = urlOf(`http://${headers.get("host") ?? ""}`);
  if (own === undefined || !(isLoopback(own.hostname) || hosts.includes(own.hostname))) {
    return { status: 403, reason: "This server is not asked for by that name (--allow-host)" };
  }
  const given = headers.get("origin");
  if (given !== null) {
    const from = urlOf(given);
    if (from === undefined || !(from.host === own.host || origins.includes(from.origin))) {
      return { status: 403, reason: "Pages from there may not use this server (--allow-origin)" };
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

/** Takes as long for a wrong token as for the right one. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return a.length === b.length && timingSafeEqual(a, b);
}
