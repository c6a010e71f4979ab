/** Detects the programming language of an agent's code, as far as possible without parsing it. */

import { blanked, quotedEnd } from "./source_text.ts";

export const LANGUAGES = ["python", "typescript", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The languages that code can be detected as. */
export const DECIDED = ["python", "typescript"] as const;
export type Decided = (typeof DECIDED)[number];

/** `undecided`: it may be Python; a Python parser must decide. */
export type Reading = Decided | "undecided";

/** The fields of a spawn config that indicate its language. */
export interface Readable {
  readonly language: Language | undefined;
  readonly code: string;
  readonly install: readonly string[];
}

/** The language to assume. JavaScript is treated as TypeScript, its superset. */
export function readingOf({ language, code, install }: Readable): Reading {
  if (language !== undefined) return language === "python" ? "python" : "typescript";
  if (install.some((entry) => /^(npm:|jsr:|@)/.test(entry))) return "typescript";
  // Code still inside a Markdown fence. It parses as TypeScript templates, and never runs.
  if (/^\s*```py/.test(code)) return "python";
  // Both: the code has an error, which TypeScript's own parser explains best.
  if (cannotBePython(code) && !looksLikePython(code)) return "typescript";
  return install.some((entry) => entry.startsWith("pypi:")) ? "python" : "undecided";
}

/** Python keywords, soft ones included, that may precede a name, a string or a brace. */
const KEYWORDS: ReadonlySet<string> = new Set(
  ("and as assert async await break case class continue def del elif else except finally for from global if import " +
    "in is lambda match nonlocal not or pass raise return try type while with yield None True False print exec")
    .split(" "),
);

const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /\d[\w.]*/y;
const OPERATORS: ReadonlySet<string> = new Set(["=>", "&&", "||", "!="]);
/** A name that may be the prefix of a string: `rb"…"`. */
const MAX_PREFIX_CHARS = 2;

const NEVER_IN_PYTHON: ReadonlySet<string> = new Set(["=>", "&&", "||", "!", "?", "$", "`"]);

/**
 * Whether code contains, outside Python strings and comments, something impossible in Python: an unknown character, a
 * semicolon in brackets, or two adjacent names of which neither is a keyword (`const x`, `export function`). Sound, not
 * complete: it is never true for Python code, and nearly always true for TypeScript with any function in it.
 */
export function cannotBePython(code: string): boolean {
  let previous = "";
  let depth = 0;
  for (const { kind, text } of tokens(code)) {
    if (kind === "other") {
      if (NEVER_IN_PYTHON.has(text) || (text === "{" && isOperand(previous))) return true;
      if ("([{".includes(text)) depth += 1;
      else if (")]}".includes(text)) depth -= 1;
      // `for (;;)`
      if (depth > 0 && text === ";") return true;
      previous = text;
      continue;
    }
    const token = kind === "string" ? A_STRING : text;
    // Strings may be adjacent, and a number may directly precede a keyword.
    const isFree = kind === "string" ? previous !== A_STRING : !KEYWORDS.has(token);
    if (isFree && isOperand(previous)) return true;
    previous = token;
  }
  return false;
}

/** Stands for any string, as a token. */
const A_STRING = "a string";

interface Token {
  readonly kind: "string" | "name" | "number" | "other";
  readonly text: string;
  /** Its length in the code. */
  readonly length: number;
}

/** Python's tokens, without comments and spaces. A single pass: nothing is read twice. */
function* tokens(code: string): Generator<Token> {
  for (let at = 0; at < code.length;) {
    const char = code[at] ?? "";
    if (char === "#") {
      const end = code.indexOf("\n", at);
      if (end === -1) return;
      at = end;
    } else if (char === " " || char === "\t" || char === "\f" || char === "\r") {
      at += 1;
    } else if (char === "\\" && /^\r?\n/.test(code.slice(at + 1, at + 3))) {
      at = code.indexOf("\n", at) + 1;
    } else {
      const token = tokenAt(code, at);
      yield token;
      at += token.length;
    }
  }
}

function tokenAt(code: string, at: number): Token {
  const quote = quoteAt(code, at);
  if (quote !== undefined) return { kind: "string", text: A_STRING, length: stringEnd(code, quote) - at };
  const name = textAt(NAME, code, at);
  if (name !== "") return { kind: "name", text: name, length: name.length };
  const number = textAt(NUMBER, code, at);
  if (number !== "") return { kind: "number", text: number, length: number.length };
  const two = code.slice(at, at + 2);
  const text = OPERATORS.has(two) ? two : two.slice(0, 1);
  return { kind: "other", text, length: text.length };
}

function textAt(sticky: RegExp, code: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(code)?.[0] ?? "";
}

/** The position of the opening quote of a string that begins at `at`, with or without a prefix. */
function quoteAt(code: string, at: number): number | undefined {
  for (let prefix = 0; prefix <= MAX_PREFIX_CHARS; prefix++) {
    const char = code[at + prefix] ?? "";
    if (char === '"' || char === "'") return at + prefix;
    if (!/[A-Za-z]/.test(char)) return undefined;
  }
  return undefined;
}

/** The position after a Python string. An unclosed one ends with its line; if triple-quoted, with the code. */
function stringEnd(code: string, quote: number): number {
  const triple = (code[quote] ?? "").repeat(3);
  if (!code.startsWith(triple, quote)) return quotedEnd(code, quote);
  for (let at = quote + triple.length; at < code.length; at++) {
    if (code[at] === "\\") at += 1;
    else if (code.startsWith(triple, at)) return at + triple.length;
  }
  return code.length;
}

/** Whether an operand ends here, so that an operator, a bracket or a keyword must follow. */
function isOperand(token: string): boolean {
  return token === ")" || token === "]" || token === A_STRING ||
    (/^[\p{L}\p{N}_]/u.test(token) && !KEYWORDS.has(token));
}

const PYTHON_LINE =
  /^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+[\w.]+[ \t]*(?:#.*)?\r?$|elif\b.*:|except\b.*:)/m;

/**
 * Whether a line of code, outside TypeScript strings and comments, begins as only Python lines do. This is a reason to
 * ask a parser, not a decision.
 */
export function looksLikePython(code: string): boolean {
  return PYTHON_LINE.test(blanked(code, ["comment", "string", "template"]));
}
