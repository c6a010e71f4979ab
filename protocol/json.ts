/** What JSON from strangers may look like. */

/** What `{…}` parses to. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is an object as JSON has them: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Levels of arrays and objects within each other: `JSON.stringify` overflows the stack a few thousand further down. */
export const MAX_NESTING = 500;

/**
 * Objects, lists and texts in one document: what parsing costs, and what the result holds in memory, grows with them
 * far more than with its length. As many take some 30 ms and 20 MB.
 */
export const MAX_PARTS = 250_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/** Not the digits behind a decimal point: those of a reading often are as many. */
const LONG_INTEGER = /(?<![\d.])\d{16}/;

/**
 * Reads JSON as `JSON.parse` does, but for whole numbers that JavaScript would make others of (…714 becomes …700): each
 * stays the digits that it came as (`JSON.rawJSON`), so that `JSON.stringify` writes it as it was.
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  return LONG_INTEGER.test(text) ? JSON.parse(text, keptExact) : JSON.parse(text);
}

function keptExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(source) ? RAW.rawJSON(source) : value;
}

/** Whether a whole number in it may have been another one before `JSON.parse` read it. */
export function holdsInexactInteger(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return isContainer(value) && Object.values(value).some(holdsInexactInteger);
}

/** What `parseExactly` has kept as digits, as the number that JavaScript makes of it; anything else as it is. */
export function asNumber(value: unknown): unknown {
  return RAW.isRawJSON(value) ? Number((value as { readonly rawJSON: string }).rawJSON) : value;
}

/** Not yet among the types of JSON. */
const RAW = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
};

/** Whether `text` would make more than `MAX_PARTS` objects, lists and texts as JSON. Does not parse it. */
export function hasTooManyParts(text: string): boolean {
  // Each takes a character at least.
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

/** Where the text that begins at `start` ends. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Whether `value`, as `JSON.parse` made it, nests deeper than `MAX_NESTING`. Does not recurse. */
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
