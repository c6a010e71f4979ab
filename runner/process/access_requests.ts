/**
 * What agent code asks Deno's sandbox for. Deno writes a line for each request to `DENO_AUDIT_PERMISSIONS`: here the
 * process' own stderr, so that nothing stays on disk and an agent that asks too often has to wait. The line does not
 * say whether access was granted: that follows from the flags. Pure.
 */
import { resolve } from "@std/path";
import { PERMISSION_KINDS, type PermissionKind } from "../../protocol/permissions.ts";

/** The environment variable that tells Deno where to write the requests. */
export const AUDIT_ENV = { DENO_AUDIT_PERMISSIONS: "/dev/stderr" } as const;

/** Access that agent code asked for. */
export interface AccessRequest {
  /** Deno's name for it: one of the kinds of permission, or `import`. */
  readonly kind: string;
  readonly what: string;
}

/** A parsed line of stderr. */
export interface StderrLine {
  /** What the agent printed: the line without Deno's record. */
  readonly said: string;
  readonly request?: AccessRequest;
}

/** How a record begins. Quotes inside values are escaped, so nothing else in a record matches this. */
const RECORD_START = '{"v":1,"datetime":"';
const RECORD = /^\{"v":1,"datetime":"[^"]{1,40}","permission":"\w{1,20}","value":(?:null|".*")\}$/;

/** Text that agent code printed without a line feed precedes Deno's record on the same line. */
export function readStderrLine(line: string): StderrLine {
  // The last match: agent code may have printed a look-alike before it.
  const start = line.endsWith("}") ? line.lastIndexOf(RECORD_START) : -1;
  const record = start === -1 ? "" : line.slice(start);
  if (!RECORD.test(record)) return { said: line };
  try {
    const { permission, value } = JSON.parse(record) as { permission: string; value: string | null };
    const what = permission === "net" ? hostOf(value ?? "") : value ?? "";
    return { said: line.slice(0, start), request: { kind: permission, what } };
  } catch {
    // It only looks like a record.
    return { said: line };
  }
}

/** `fetch` asks for a URL; its path may hold secrets and is dropped. */
function hostOf(what: string): string {
  if (!what.includes("://") || !URL.canParse(what)) return what;
  const { hostname, port, protocol } = new URL(what);
  return `${hostname}:${port !== "" ? port : protocol === "https:" || protocol === "wss:" ? "443" : "80"}`;
}

/** Whether one of `allowed` covers an entry of that kind, by the policy's rules. */
export type Covers = (kind: PermissionKind, allowed: readonly string[], entry: string) => boolean;

/**
 * Whether a request goes beyond what `flags` grant, judged by names.
 * @param flags Deno's arguments
 */
export function isDenied({ kind, what }: AccessRequest, flags: readonly string[], covers: Covers): boolean {
  // A denied variable reads as `undefined`, and half of all npm packages read some.
  if (kind === "env") return false;
  const known = kind === "import" ? "net" : PERMISSION_KINDS.find((one) => one === kind);
  if (known === undefined) return false;
  const isPath = kind === "read" || kind === "write" || kind === "ffi";
  return !covers(known, grantedBy(flags, kind), isPath ? resolve("/", what) : what);
}

function grantedBy(flags: readonly string[], kind: string): string[] {
  const prefix = `--allow-${kind}=`;
  return flags.filter((flag) => flag.startsWith(prefix)).flatMap((flag) =>
    flag.slice(prefix.length).split(",")
  );
}
