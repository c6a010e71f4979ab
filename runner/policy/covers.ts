/** Whether the policy covers what an agent asks for, for each kind of permission. Pure: paths are already resolved. */
import type { PermissionKind } from "../../protocol/permissions.ts";
import { globMatches } from "../../protocol/patterns.ts";

/** Allows any entry of its kind. */
export const ANY = "*";

/** Programs that run arbitrary commands: a rule must name them; `*` or their folder does not allow them. */
const LAUNCHERS = new Set(
  [
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "csh",
    "tcsh",
    "fish",
    "busybox",
    "toybox",
    "env",
    "nu",
    "pwsh",
  ],
);

/** Variables that hold the node's own credentials, or that change how the agent's process works. */
const NODES_OWN = /^(AGENTFLOW|DENO|LD|NODE|NPM_CONFIG|V8|RUST)_|^(JSR_URL|PATH)$/i;

/** Why no agent can ask for this entry; `undefined` if it can. */
export function entryProblem(kind: PermissionKind, entry: string): string | undefined {
  switch (kind) {
    case "net":
      return parseHost(entry) === undefined ? "must be HOST or HOST:PORT" : undefined;
    case "read":
    case "write":
    case "run":
    case "ffi":
      return entry.startsWith("/") ? undefined : "must be an absolute path";
    case "env":
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(entry)) return "must be the name of a variable";
      return NODES_OWN.test(entry) ? "belongs to the node itself" : undefined;
    case "sys":
      return /^[A-Za-z]+$/.test(entry) ? undefined : "must be one of Deno's names, as in --allow-sys";
    default:
      return kind satisfies never;
  }
}

/** Why this rule is not valid in a policy; `undefined` if it is. */
export function ruleProblem(kind: PermissionKind, rule: string): string | undefined {
  return kind === "env" ? entryProblem(kind, rule.replaceAll("*", "X")) : entryProblem(kind, rule);
}

/** Whether one of `allowed` covers `entry`. */
export function covers(kind: PermissionKind, allowed: readonly string[], entry: string): boolean {
  return allowed.some((rule) => coversOne(kind, rule, entry));
}

function coversOne(kind: PermissionKind, rule: string, entry: string): boolean {
  switch (kind) {
    case "net":
      return rule === ANY || hostCovers(rule, entry);
    case "read":
    case "write":
    case "ffi":
      return rule === ANY || isInside(rule, entry);
    case "run":
      return isLauncher(entry) ? rule === entry : rule === ANY || isInside(rule, entry);
    case "env":
      return globMatches(rule, entry);
    case "sys":
      return rule === ANY || rule === entry;
    default:
      return kind satisfies never;
  }
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function isLauncher(path: string): boolean {
  return LAUNCHERS.has(path.slice(path.lastIndexOf("/") + 1));
}

interface Host {
  readonly name: string;
  readonly port: string | undefined;
}

/** `host`, `host:443`, `1.2.3.4:80`, `[::1]:80`; in a policy `*.example.com` too. */
function parseHost(entry: string): Host | undefined {
  const match = /^(\[[0-9a-f:.]+\]|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(\d{1,5}))?$/i.exec(entry);
  const [, name, port] = match ?? [];
  if (name === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return { name: name.toLowerCase().replace(/\.$/, ""), port };
}

function hostCovers(rule: string, entry: string): boolean {
  const allowed = parseHost(rule);
  const asked = parseHost(entry);
  if (allowed === undefined || asked === undefined) return false;
  const portFits = allowed.port === undefined || allowed.port === asked.port;
  const nameFits = allowed.name === asked.name ||
    (allowed.name.startsWith("*.") && asked.name.endsWith(allowed.name.slice(1)));
  return portFits && nameFits;
}
