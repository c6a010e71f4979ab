/** Which programming language an agent's code is in, as far as that can be told without parsing it. */

export const LANGUAGES = ["python", "typescript", "javascript"] as const;
export type Language = (typeof LANGUAGES)[number];

/** `undecided`: it may be Python; whoever has a parser of it decides. */
export type Reading = "python" | "typescript" | "undecided";

/** What of a spawn config tells its language. */
export interface Readable {
  readonly language: Language | undefined;
  readonly code: string;
  readonly install: readonly string[];
}

/** What to take an agent for. JavaScript is read as TypeScript, of which it is a part. */
export function readingOf({ language, code, install }: Readable): Reading {
  if (language !== undefined) return language === "python" ? "python" : "typescript";
  if (install.some((entry) => /^(npm:|jsr:|@)/.test(entry))) return "typescript";
  // Markdown that the code was not taken out of. It parses as templates of TypeScript, and never runs.
  if (/^\s*```py/.test(code)) return "python";
  // Both: an error in it, which its own parser explains best.
  if (cannotBePython(code) && !looksLikePython(code)) return "typescript";
  return install.some((entry) => entry.startsWith("pypi:")) ? "python" : "undecided";
}

/** Keywords of Python after which a name, a string or a brace may follow; the soft ones too. */
const KEYWORDS: ReadonlySet<string> = new Set(
  ("and as assert async await break case class continue def del elif else except finally for from global if import " +
    "in is lambda match nonlocal not or pass raise return try type while with yield None True False print exec")
    .split(" "),
);

/** A string with its prefix, a comment, a name, a number, or one other character. Strings of one line end with it. */
const TOKEN = new RegExp(
  [
    String
      .raw`(?<string>[A-Za-z]{0,2}(?:"""(?:\\[^]|(?!""")[^])*(?:"""|$)|'''(?:\\[^]|(?!''')[^])*(?:'''|$)` +
    String.raw`|"(?:\\[^]|[^"\\\n])*(?:"|(?=\n)|$)|'(?:\\[^]|[^'\\\n])*(?:'|(?=\n)|$)))`,
    String.raw`(?<comment>#[^\n]*)`,
    String.raw`(?<name>[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<space>[ \t\f\r]+|\\\r?\n)`,
    String.raw`(?<other>=>|&&|\|\||!=|[^])`,
  ].join("|"),
  "gu",
);

const NEVER_IN_PYTHON: ReadonlySet<string> = new Set(["=>", "&&", "||", "!", "?", "$", "`"]);

/**
 * Whether code holds, outside strings and comments of Python, what Python never has: a character it does not know, or two
 * names beside each other of which neither is a keyword (`const x`, `export function`). Sound, not complete: of Python
 * code it is never true; of TypeScript with any function in it, nearly always.
 */
export function cannotBePython(code: string): boolean {
  let previous = "";
  for (const { groups = {} } of code.matchAll(TOKEN)) {
    const { string, comment, name, number, space, other } = groups;
    if (space !== undefined || comment !== undefined) continue;
    if (other !== undefined) {
      if (NEVER_IN_PYTHON.has(other) || (other === "{" && isOperand(previous))) return true;
      previous = other;
      continue;
    }
    const token = name ?? string ?? number ?? "";
    // Strings may stand beside each other, and a number may be right before a keyword.
    const isFree = string === undefined ? !KEYWORDS.has(token) : previous !== "a string";
    if (isFree && isOperand(previous)) return true;
    previous = string === undefined ? token : "a string";
  }
  return false;
}

/** Whether an operand ends here: then an operator, a bracket or a keyword must follow. */
function isOperand(token: string): boolean {
  return token === ")" || token === "]" || token === "a string" ||
    (/^[\p{L}\p{N}_]/u.test(token) && !KEYWORDS.has(token));
}

/** What in TypeScript hides text from its reader: comments, strings, templates. Strings of one line end with it. */
const TYPESCRIPT_TEXT =
  /\/\/[^\n]*|\/\*[^]*?\*\/|`(?:\\[^]|[^\\`])*`|"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'/g;
const PYTHON_LINE =
  /^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|from[ \t]+\.*[\w.]+[ \t]+import\b|import[ \t]+[\w.]+[ \t]*(?:#.*)?\r?$|elif\b.*:|except\b.*:)/m;

/**
 * Whether a line of code, outside strings and comments of TypeScript, begins as only Python's do. TypeScript's expressions
 * may hide from this where its templates end: what it says is a reason to ask a parser, not an answer.
 */
export function looksLikePython(code: string): boolean {
  return PYTHON_LINE.test(code.replaceAll(TYPESCRIPT_TEXT, '""'));
}
