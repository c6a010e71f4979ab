/** Limits and helpers for JSON from untrusted senders. */

/** What `{…}` parses to. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Maximum nesting of arrays and objects: `JSON.stringify` overflows the stack a few thousand levels further down. */
export const MAX_NESTING = 500;

/**
 * Maximum number of objects, lists and texts in one document: they determine the cost of parsing and the memory of the
 * result far more than the length does. This many take about 30 ms and 20 MB.
 */
export const MAX_PARTS = 250_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/** Excludes digits after a decimal point: sensor readings often have that many. */
const LONG_INTEGER = /(?<![\d.])\d{16}/;

/**
 * Parses JSON like `JSON.parse`, but keeps the digits of whole numbers that JavaScript would change (…714 becomes …700)
 * as `JSON.rawJSON`, so that `JSON.stringify` writes them unchanged.
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  return LONG_INTEGER.test(text) ? JSON.parse(text, keptExact) : JSON.parse(text);
}

function keptExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  // A number that prints unchanged, such as 2^53, needs no raw form.
  if (Number.isSafeInteger(value) || String(value) === source) return value;
  return /^-?\d+$/.test(source) ? RAW.rawJSON(source) : value;
}

/** Whether `JSON.parse` may have changed a whole number in it. */
export function holdsInexactInteger(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return isContainer(value) && Object.values(value).some(holdsInexactInteger);
}

/** Converts digits kept by `parseExactly` to a JavaScript number; returns anything else unchanged. */
export function asNumber(value: unknown): unknown {
  return RAW.isRawJSON(value) ? Number((value as { readonly rawJSON: string }).rawJSON) : value;
}

/** Missing from TypeScript's types of JSON so far. */
const RAW = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** Whether `text`, as JSON, has more than `MAX_PARTS` objects, lists and texts. Does not parse it. */
export function hasTooManyParts(text: string): boolean {
  // Each takes at least one character.
  if (text.length <= MAX_PARTS) return false;
  let parts = 0;
  for (let index = 0; index < text.length && parts <= MAX_PARTS; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfText(text, index);
    else if (code !== OPENING_BRACKET && code !== OPENING_BRACE) continue;
    parts += 1;
  }
  return parts > MAX_PARTS;
}

/** The end of the string that begins at `start`. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Whether a parsed `value` nests deeper than `MAX_NESTING`. Does not recurse. */
export function nestsTooDeep(value: unknown): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_NESTING) return true;
    const next: object[] = [];
    for (const container of level) {
      for (const inner of Object.values(container)) if (isContainer(inner)) next.push(inner);
    }
    level = next;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
