/** Guesses the permissions an agent needs from the text of its code; not a proof. Pure. */
import type { PermissionKind } from "../../protocol/permissions.ts";
import { blanked } from "../../protocol/source_text.ts";

export interface PermissionHint {
  readonly kind: PermissionKind;
  /** The entry for the spawn config, if the code names one. */
  readonly entry: string | undefined;
  /** The code that needs the permission. */
  readonly because: string;
  /** From 1. */
  readonly line: number;
}

interface Sign {
  readonly kind: PermissionKind;
  readonly pattern: RegExp;
  readonly entryOf?: (literal: string) => string | undefined;
}

/** A string literal right after a call, if there is one. */
const LITERAL = `(?:\\s*\\(\\s*(?:new URL\\(\\s*)?["'\`]([^"'\`$]+)["'\`])?`;

const host = (literal: string): string | undefined =>
  URL.canParse(literal) ? new URL(literal).host : undefined;
const same = (literal: string): string => literal;
const calls = (names: string) => new RegExp(`\\bDeno\\.(?:${names})\\b${LITERAL}`, "g");
const modules = (names: string) =>
  new RegExp(`(?:from|import|require)\\s*(?:\\(\\s*)?["'](node:(?:${names}))["']`, "g");

const SIGNS: readonly Sign[] = [
  { kind: "net", pattern: new RegExp(`(?<![.\\w])fetch\\b${LITERAL}`, "g"), entryOf: host },
  {
    kind: "net",
    pattern: new RegExp(`\\bnew\\s+(?:WebSocket|EventSource)\\b${LITERAL}`, "g"),
    entryOf: host,
  },
  { kind: "net", pattern: calls("connect|connectTls|listen|listenTls|listenDatagram|serve|resolveDns") },
  { kind: "net", pattern: modules("net|http|https|tls|dgram|dns") },
  {
    kind: "read",
    pattern: calls("(?:readTextFile|readFile|readDir|stat|lstat|realPath|readLink|open)(?:Sync)?|watchFs"),
    entryOf: same,
  },
  { kind: "read", pattern: modules("fs|fs/promises") },
  {
    kind: "write",
    pattern: calls(
      "(?:writeTextFile|writeFile|mkdir|remove|rename|copyFile|truncate|create|makeTempDir|makeTempFile)(?:Sync)?",
    ),
    entryOf: same,
  },
  {
    kind: "env",
    pattern: new RegExp(`\\bDeno\\.env\\.(?:get|has|set|delete)${LITERAL}`, "g"),
    entryOf: same,
  },
  { kind: "env", pattern: /\bDeno\.env\.toObject\b/g },
  { kind: "run", pattern: new RegExp(`\\bnew\\s+Deno\\.Command\\b${LITERAL}`, "g"), entryOf: same },
  { kind: "run", pattern: modules("child_process") },
  {
    kind: "sys",
    pattern: new RegExp(
      `\\bDeno\\.(hostname|osRelease|osUptime|loadavg|networkInterfaces|systemMemoryInfo|uid|gid)\\b`,
      "g",
    ),
    entryOf: same,
  },
  { kind: "sys", pattern: modules("os") },
  { kind: "ffi", pattern: calls("dlopen"), entryOf: same },
];

/** In the order of the code, without duplicates. */
export function permissionHints(source: string): readonly PermissionHint[] {
  const code = withoutComments(source);
  const hints = SIGNS.flatMap(({ kind, pattern, entryOf }) =>
    [...code.matchAll(pattern)].map((match): PermissionHint => ({
      kind,
      entry: match[1] === undefined ? undefined : entryOf?.(match[1]),
      because: match[0].replace(/\s+/g, " "),
      line: code.slice(0, match.index).split("\n").length,
    }))
  );
  const seen = new Set<string>();
  return hints.sort((a, b) => a.line - b.line).filter(({ kind, entry, because }) => {
    const key = `${kind} ${entry ?? because}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** The packages that the code imports by npm or JSR specifier. */
export function importedPackages(source: string): readonly string[] {
  const imports = withoutComments(source).matchAll(
    /\b(?:import\s+(type)\b|(?:from|import)\s*(?:\(\s*)?["']([^"']*)["'])/g,
  );
  const found: string[] = [];
  let isOfTypes = false;
  for (const [, type, name] of imports) {
    if (name !== undefined && !isOfTypes) found.push(name);
    isOfTypes = type !== undefined;
  }
  return [...new Set(found)].filter((name) =>
    name !== "" && !/^(\.|node:|https?:|file:|data:|\/)/.test(name)
  );
}

/** Replaces comments by spaces, so that lines and columns stay the same. Quoted text that looks like a comment stays. */
function withoutComments(source: string): string {
  return blanked(source, ["comment"]);
}
