/**
 * What agent code asks Deno's sandbox for. Deno writes a line for each question to where `DENO_AUDIT_PERMISSIONS` says;
 * here that is the process' own stderr, so that nothing is left on a disk and who asks too often has to wait. The line
 * does not say what the answer was: that follows from the flags. Pure.
 */
import { resolve } from "@std/path";
import { PERMISSION_KINDS, type PermissionKind } from "../../protocol/permissions.ts";

/** Where Deno writes them, as a variable of the environment. */
export const AUDIT_ENV = { DENO_AUDIT_PERMISSIONS: "/dev/stderr" } as const;

/** Something that agent code wanted. */
export interface AccessRequest {
  /** As Deno calls it: one of the kinds of permission, or `import`. */
  readonly kind: string;
  readonly what: string;
}

/** A line of stderr, taken apart. */
export interface StderrLine {
  /** What was printed: the line itself, unless all of it was Deno's. */
  readonly said: string;
  readonly attempt?: AccessRequest;
}

/** How a record begins. In what is quoted, quotes are escaped: no other text of a record looks like this. */
const RECORD_START = '{"v":1,"datetime":"';
const RECORD = /^\{"v":1,"datetime":"[^"]{1,40}","permission":"\w{1,20}","value":(?:null|".*")\}$/;

/** What agent code itself printed before, without an end of the line, stands in front of Deno's record. */
export function readStderrLine(line: string): StderrLine {
  // The last one: in front of it agent code may have written what looks like another.
  const start = line.endsWith("}") ? line.lastIndexOf(RECORD_START) : -1;
  const record = start === -1 ? "" : line.slice(start);
  if (!RECORD.test(record)) return { said: line };
  try {
    const { permission, value } = JSON.parse(record) as { permission: string; value: string | null };
    const what = permission === "net" ? hostOf(value ?? "") : value ?? "";
    return { said: line.slice(0, start), attempt: { kind: permission, what } };
  } catch {
    // It only looks like one.
    return { said: line };
  }
}

/** `fetch` asks for a URL; a path in it, and what may be secret there, is nobody's business. */
function hostOf(what: string): string {
  if (!what.includes("://") || !URL.canParse(what)) return what;
  const { hostname, port, protocol } = new URL(what);
  return `${hostname}:${port !== "" ? port : protocol === "https:" || protocol === "wss:" ? "443" : "80"}`;
}

/** Whether one of `allowed` covers an entry of that kind: as the policy does. */
export type Covers = (kind: PermissionKind, allowed: readonly string[], entry: string) => boolean;

/**
 * Whether an attempt is beyond what `flags` grant, as far as names tell.
 * @param flags Deno's arguments
 */
export function isDenied({ kind, what }: AccessRequest, flags: readonly string[], covers: Covers): boolean {
  // It reads as `undefined`, and half of all npm packages look for something.
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
