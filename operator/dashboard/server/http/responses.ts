/** Builds responses with the headers that restrict what the page can do. Pure. */

/** Scripts, styles, images and connections only from this server; text never becomes markup; no framing of the page. */
export function contentPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

const SECURITY: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "cache-control": "no-store",
};

type HeaderMap = Readonly<Record<string, string>>;

export function respond(
  body: BodyInit | null,
  status: number,
  contentType: string,
  headers: HeaderMap = {},
): Response {
  return new Response(body, { status, headers: { ...SECURITY, "content-type": contentType, ...headers } });
}

export function json(value: unknown, status = 200, headers: HeaderMap = {}): Response {
  return respond(JSON.stringify(value), status, "application/json; charset=utf-8", headers);
}

/** An error response; the message is for the caller. */
export function problem(status: number, error: string, headers: HeaderMap = {}): Response {
  return json({ error }, status, headers);
}
