/** Authentication: the token, and the sessions of browsers that have presented it. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../../../protocol/config/secret.ts";

const COOKIE = "agentflow_session";
const SESSION_SECONDS = 7 * 24 * 3600;
const MAX_SESSIONS = 1000;

/** Invariants: at most `MAX_SESSIONS` sessions, none older than a week; tokens are compared in constant time. */
export class Sessions {
  readonly #token: Secret | undefined;
  /** Expiry time by session id. */
  readonly #sessions = new Map<string, number>();

  /** @param token if undefined, no authentication is required */
  constructor(token: Secret | undefined, private readonly nowMs: () => number) {
    this.#token = token;
  }

  get isOpen(): boolean {
    return this.#token === undefined;
  }

  /** Whether a request is authorized, by `Authorization: Bearer TOKEN` or by a session cookie. */
  admits(headers: Headers): boolean {
    if (this.#token === undefined) return true;
    const bearer = /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined) return this.#isToken(bearer);
    const ends = this.#sessions.get(sessionOf(headers) ?? "");
    return ends !== undefined && ends > this.nowMs();
  }

  /**
   * @param isSecure whether the browser uses TLS, for instance with a proxy in front
   * @returns the cookie of a new session; `undefined` for a wrong token
   */
  login(token: string, isSecure: boolean): string | undefined {
    if (!this.#isToken(token)) return undefined;
    const id = crypto.randomUUID() + crypto.randomUUID();
    this.#sessions.set(id, this.nowMs() + SESSION_SECONDS * 1000);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_SESSIONS && oldest !== undefined) this.#sessions.delete(oldest);
    return cookie(id, SESSION_SECONDS, isSecure);
  }

  /** Ends the session of a request. @returns the cookie that clears the one in the browser */
  logout(headers: Headers, isSecure: boolean): string {
    this.#sessions.delete(sessionOf(headers) ?? "");
    return cookie("", 0, isSecure);
  }

  #isToken(given: string): boolean {
    return this.#token === undefined || sameText(given, this.#token.reveal());
  }
}

/** Digests all have the same length, so the comparison time reveals neither the token nor its length. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function sessionOf(headers: Headers): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f-]+)`).exec(headers.get("cookie") ?? "")?.[1];
}

function cookie(id: string, maxAge: number, isSecure: boolean): string {
  return `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${isSecure ? "; Secure" : ""}`;
}
