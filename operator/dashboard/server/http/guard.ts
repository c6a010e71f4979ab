/** Which requests may come in at all: against other websites in the operator's browser, and against names that lead here. Pure. */

/** What a request shows of where it comes from. */
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
  /** Names beside addresses and `localhost` under which this server may be called. */
  readonly hostNames: readonly string[];
}

/** Methods that change nothing. */
const SAFE = new Set(["GET", "HEAD"]);

/** Why a request must not be answered, or `undefined` when it may. */
export function refusal(request: Provenance, options: GuardOptions): string | undefined {
  return hostRefusal(request.host, options) ?? originRefusal(request) ?? formRefusal(request);
}

/**
 * Another website can have a name of its own lead to this address (DNS rebinding); then the browser thinks that it is the
 * same site. The name in `Host` gives it away; an address cannot be made to lead elsewhere.
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

/** A browser says which site a script is from; what is no browser says nothing. */
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

/** A form of another website cannot send JSON: this alone stops it, in old browsers too. */
function formRefusal({ method, contentType, isWebSocket }: Provenance): string | undefined {
  if (SAFE.has(method) || isWebSocket) return undefined;
  return /^application\/json\b/i.test(contentType ?? "")
    ? undefined
    : "the body must be JSON: Content-Type application/json";
}
