/** Finds comments, strings and templates in TypeScript source in one pass, even if the source is invalid. Pure. */

/** A part of a source that is not code; `end` is exclusive. */
export interface Span {
  readonly kind: "comment" | "string" | "pattern" | "template";
  readonly start: number;
  readonly end: number;
}

/** After one of these a `/` begins a regular expression; after any other word it divides. */
const BEFORE_PATTERN: ReadonlySet<string> = new Set(
  "await case delete do else in instanceof new of return throw typeof void yield".split(" "),
);
const LONGEST_WORD = 10;

/**
 * In source order. The text parts of a template are separate spans, its expressions are code. An unclosed string or
 * regular expression ends with its line, anything else unclosed with the source.
 */
export function* textSpans(source: string): Generator<Span> {
  /** For each open `${`, the number of open braces in it. */
  const templates: number[] = [];
  let lastCode = -1;
  for (let at = 0; at < source.length;) {
    const span = spanAt(source, at, templates, lastCode);
    if (span !== undefined) {
      yield span;
      if (span.kind !== "comment") lastCode = span.end - 1;
      at = span.end;
      continue;
    }
    if (!isSpace(source[at])) lastCode = at;
    at += 1;
  }
}

/** The source with spans of these kinds, delimiters included, replaced by spaces, so that lines and columns stay. */
export function blanked(source: string, kinds: readonly Span["kind"][]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { kind, start, end } of textSpans(source)) {
    if (!kinds.includes(kind)) continue;
    parts.push(source.slice(copied, start), source.slice(start, end).replace(/[^\n]/g, " "));
    copied = end;
  }
  return parts.join("") + source.slice(copied);
}

function spanAt(source: string, at: number, templates: number[], lastCode: number): Span | undefined {
  const span = (kind: Span["kind"], end: number): Span => ({ kind, start: at, end });
  switch (source[at]) {
    case '"':
    case "'":
      return span("string", quotedEnd(source, at));
    case "`":
      return span("template", templateEnd(source, at + 1, templates));
    case "{":
      if (templates.length > 0) templates.push((templates.pop() ?? 0) + 1);
      return undefined;
    case "}": {
      const depth = templates.pop();
      if (depth === undefined) return undefined;
      if (depth === 0) return span("template", templateEnd(source, at + 1, templates));
      templates.push(depth - 1);
      return undefined;
    }
    case "/":
      if (source[at + 1] === "/") return span("comment", endOf(source, source.indexOf("\n", at)));
      if (source[at + 1] === "*") {
        const end = source.indexOf("*/", at + 2);
        return span("comment", end === -1 ? source.length : end + 2);
      }
      return mayBeginPattern(source, lastCode) ? span("pattern", patternEnd(source, at)) : undefined;
    default:
      return undefined;
  }
}

/** The position after the closing quote, or the end of the line. */
export function quotedEnd(source: string, start: number): number {
  const quote = source[start];
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === quote) return at + 1;
    else if (source[at] === "\n") return at;
  }
  return source.length;
}

/** The position after the closing quote, or after the `${` of an expression, which is then open. */
function templateEnd(source: string, start: number, templates: number[]): number {
  for (let at = start; at < source.length; at++) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === "`") return at + 1;
    else if (source[at] === "$" && source[at + 1] === "{") {
      templates.push(0);
      return at + 2;
    }
  }
  return source.length;
}

function patternEnd(source: string, start: number): number {
  let isInClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at];
    if (char === "\n") return at;
    if (char === "\\") at += 1;
    else if (char === "[") isInClass = true;
    else if (char === "]") isInClass = false;
    else if (char === "/" && !isInClass) return at + 1;
  }
  return source.length;
}

/** Whether a `/` after the code that ends at `last` begins a regular expression; after an operand, it divides. */
function mayBeginPattern(source: string, last: number): boolean {
  const char = source[last] ?? "";
  if (char === ")" || char === "]" || char === "}" || /["'`]/.test(char)) return false;
  if (!/[\w$]/.test(char)) return true;
  const word = source.slice(Math.max(0, last - LONGEST_WORD), last + 1).split(/[^\w$]/).at(-1) ?? "";
  return BEFORE_PATTERN.has(word);
}

function isSpace(char: string | undefined): boolean {
  return char === " " || char === "\n" || char === "\t" || char === "\r";
}

function endOf(source: string, index: number): number {
  return index === -1 ? source.length : index;
}
