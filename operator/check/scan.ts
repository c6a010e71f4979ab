/** What an agent's code imports, and what it seems to need, read from its text. Pure. */
import type { PermissionKind } from "../../protocol/permissions.ts";

/** Comments hold no code; strings stay, for what is in them. */
const COMMENT = /(["'`])(?:\\.|(?!\1)[^\\])*\1|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const STATIC = /(?:\bfrom|\bimport)\s*(?:\/\*[\s\S]*?\*\/\s*)?(["'])([^"'\n]+)\1/g;
const DYNAMIC = /\bimport\s*\(\s*(?:\/\*[\s\S]*?\*\/\s*)?(["'`])([^"'`\n]+)\1/g;
/** Comments by which a compiler reads another file. */
const REFERENCE = /(?:<reference\s[^>]*?|@deno-types\s*=?\s*|@ts-types\s*=?\s*)["']([^"'\n]*)["']/g;

/** By which calls a kind of permission shows. */
const SIGNS: Readonly<Partial<Record<PermissionKind, RegExp>>> = {
  net:
    /\bfetch\s*\(|\bDeno\.(?:connect|connectTls|listen|listenTls|serve|resolveDns)\b|\bnew WebSocket\b|node:(?:net|http|https|tls|dgram)\b/,
  read:
    /\bDeno\.(?:readTextFile|readFile|readDir|open|stat|lstat|realPath|readLink|watchFs)(?:Sync)?\b|node:fs\b/,
  write:
    /\bDeno\.(?:writeTextFile|writeFile|mkdir|remove|rename|truncate|create|symlink|link|makeTempDir|makeTempFile|chmod|copyFile)(?:Sync)?\b/,
  env: /\bDeno\.env\b|\bprocess\.env\b/,
  sys:
    /\bDeno\.(?:systemMemoryInfo|loadavg|hostname|osRelease|osUptime|networkInterfaces|uid|gid)\b|node:os\b/,
  run: /\bDeno\.Command\b|node:child_process\b/,
  ffi: /\bDeno\.dlopen\b/,
};
const URL_IN_CODE = /["'`](https?:\/\/[A-Za-z0-9.-]+(?::\d+)?)[/"'`$?]/g;

export interface Scan {
  /** Of `setup`, `process`, `handle_task`. */
  readonly functions: readonly string[];
  readonly imports: readonly string[];
  /** Kinds of permission whose calls appear; for `net` the hosts that are named. */
  readonly needs: Readonly<Partial<Record<PermissionKind, readonly string[]>>>;
}

export function scanCode(source: string): Scan {
  const code = source.replace(COMMENT, (match) => /^["'`]/.test(match) ? match : " ");
  const functions = ["setup", "process", "handle_task", "handleTask"].filter((name) =>
    new RegExp(`\\bfunction\\s+${name}\\s*[(<]|\\b${name}\\s*(?:=|:|\\()`).test(code)
  );
  const needs: Partial<Record<PermissionKind, readonly string[]>> = {};
  for (const [kind, sign] of Object.entries(SIGNS) as [PermissionKind, RegExp][]) {
    if (sign.test(code)) needs[kind] = kind === "net" ? hostsIn(code) : [];
  }
  // In the whole text: what looks like a comment here may be none to the compiler.
  const imports = [
    ...[STATIC, DYNAMIC].flatMap((pattern) => [...source.matchAll(pattern)].map(([, , name = ""]) => name)),
    ...[...source.matchAll(REFERENCE)].map(([, name = ""]) => name),
  ];
  return { functions, imports, needs };
}

function hostsIn(code: string): string[] {
  const hosts = [...code.matchAll(URL_IN_CODE)].map(([, text = ""]) => {
    const { hostname, port, protocol } = new URL(text);
    return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
  });
  return [...new Set(hosts)];
}
