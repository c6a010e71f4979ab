/** Decides which requests may come in at all. Protects against other websites in the operator's browser, and against DNS rebinding. Pure. */

/** What a request reveals about its origin. */
export interface Provenance {
  readonly method: string;
  readonly host: string | null;
  readonly origin: string | null;
  /** `Sec-Fetch-Site`: set by the browser, never by a script. */
  readonly fetchSite: string | null;
  readonly contentType: string | null;
  readonly isWebSocket: boolean;
}

export interface GuardOptions {
  /** Host names that clients may use for this server, besides IP addresses and `localhost`. */
  readonly hostNames: readonly string[];
}

/** Methods that change nothing. */
const SAFE = new Set(["GET", "HEAD"]);

/** Why a request must be rejected; `undefined` when it is allowed. */
export function refusal(request: Provenance, options: GuardOptions): string | undefined {
  return hostRefusal(request.host, options) ?? originRefusal(request) ?? formRefusal(request);
}

/**
 * Another website can make its own name resolve to this address (DNS rebinding), and the browser then treats both as the
 * same site. The name in `Host` reveals this; an address cannot be redirected.
 */
function hostRefusal(host: string | null, { hostNames }: GuardOptions): string | undefined {
  const name = host === null ? undefined : hostName(host);
  if (name === undefined) return "the request has no valid Host header";
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || name.startsWith("[");
  if (isAddress || name === "localhost" || hostNames.some((known) => known.toLowerCase() === name)) {
    return undefined;
  }
  return `this server is not called '${name.slice(0, 100)}': if it is, start it with --host-name`;
}

function hostName(host: string): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/.exec(host.toLowerCase())?.[1];
}

/** Browsers say which site a script comes from; other clients send no such header. */
function originRefusal({ method, host, origin, fetchSite, isWebSocket }: Provenance): string | undefined {
  const matters = isWebSocket || !SAFE.has(method);
  if (origin !== null && (matters || origin !== "null")) {
    if (hostOf(origin) !== host?.toLowerCase()) return "the request comes from another website";
  }
  if (matters && fetchSite !== null && fetchSite !== "same-origin") {
    return "the request comes from another website";
  }
  return undefined;
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** A form on another website cannot send JSON, so this check stops it even in old browsers. */
function formRefusal({ method, contentType, isWebSocket }: Provenance): string | undefined {
  if (SAFE.has(method) || isWebSocket) return undefined;
  return /^application\/json\b/i.test(contentType ?? "")
    ? undefined
    : "the body must be JSON: Content-Type application/json";
}
