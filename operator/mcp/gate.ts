/** Who may talk to the HTTP server: by host, origin and token. Pure. */
import { timingSafeEqual } from "node:crypto";

export interface GateOptions {
  /** Names by which this server may be asked for, beside those of loopback. */
  readonly hosts: readonly string[];
  /** Without it nobody needs one. */
  readonly token: string | undefined;
}

/** Why a request is turned away: HTTP status and reason; `undefined` when it is not. */
export type Refusal = { readonly status: 401 | 403; readonly reason: string } | undefined;

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname) || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/**
 * A page in a browser can send requests here under a name of its own (DNS rebinding): the `Host` and the `Origin` that
 * the browser adds give it away. Programs send no `Origin`.
 */
export function refusalOf(headers: Headers, { hosts, token }: GateOptions): Refusal {
  const isKnown = (hostname: string) => isLoopback(hostname) || hosts.includes(hostname);
  const host = hostnameOf(`http://${headers.get("host") ?? ""}`);
  if (host === undefined || !isKnown(host)) {
    return { status: 403, reason: "This server is not asked for by that name (--allow-host)" };
  }
  const origin = headers.get("origin");
  if (origin !== null) {
    const from = hostnameOf(origin);
    if (from === undefined || !isKnown(from)) {
      return { status: 403, reason: "Pages from there may not use this server" };
    }
  }
  if (token === undefined) return undefined;
  const [scheme, given = ""] = (headers.get("authorization") ?? "").split(" ");
  return scheme?.toLowerCase() === "bearer" && isSame(given, token)
    ? undefined
    : { status: 401, reason: "The token is missing or wrong (Authorization: Bearer …)" };
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** Takes as long for a wrong token as for the right one. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  return a.length === b.length && timingSafeEqual(a, b);
}
