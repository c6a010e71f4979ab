/** The sandbox of an agent, as flags of `deno run`. Pure: the same spec gives the same flags. */

import type { PermissionKind, Permissions } from "../../protocol/permissions.ts";

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The inputs of an agent's sandbox. */
export interface SandboxSpec {
  /** Where the agent may connect to the broker itself; `undefined`: it may not. */
  readonly broker: HostAndPort & { readonly others?: readonly HostAndPort[] } | undefined;
  /** The only file of its own, with its temporary sibling `{stateFile}.tmp`. Absolute. */
  readonly stateFile: string;
  /** The harness' main module. Absolute. */
  readonly harness: string;
  /** Other files and folders that its language needs to read. Absolute. */
  readonly libraries: readonly string[];
  /** What may be imported: see `importFlags` of the installer. */
  readonly importFlags: readonly string[];
  /** The extra permissions of the agent. Paths are resolved. */
  readonly permissions: Permissions;
  /** V8's old generation, in MiB. */
  readonly heapMb: number;
  /** Other V8 flags that its language needs. */
  readonly v8Flags: readonly string[];
}

/**
 * The arguments that start an agent's process.
 *
 * Everything not listed is denied: no prompt, no other file or host, no environment, no processes, no system
 * information, no native code. The agent's code is not among the arguments: it comes over the pipe, and is imported
 * from a `blob:` module, because Deno reads static imports of the main module's graph without asking for permission.
 */
export function sandboxFlags(spec: SandboxSpec): string[] {
  const { permissions } = spec;
  const files = [spec.stateFile, `${spec.stateFile}.tmp`];
  const broker = spec.broker === undefined ? [] : [spec.broker, ...spec.broker.others ?? []].map(hostAndPort);
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-check",
    "--node-modules-dir=none",
    // Reads of the environment give `undefined` instead of an error: many npm packages read it while loading.
    "--ignore-env",
    flag("net", [...broker, ...permissions.net]),
    flag("read", [...files, ...spec.libraries, ...permissions.read]),
    flag("write", [...files, ...permissions.write]),
    flag("env", permissions.env),
    flag("run", permissions.run),
    flag("sys", permissions.sys),
    flag("ffi", permissions.ffi),
    ...spec.importFlags,
    `--v8-flags=${[`--max-old-space-size=${spec.heapMb}`, ...spec.v8Flags].join(",")}`,
    spec.harness,
  ];
}

/** A kind of permission is allowed by a list, or denied. */
function flag(kind: PermissionKind, entries: readonly string[]): string {
  return entries.length === 0 ? `--deny-${kind}` : `--allow-${kind}=${entries.join(",")}`;
}

function hostAndPort({ host, port }: HostAndPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
