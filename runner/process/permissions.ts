/** The sandbox of an agent, as flags of `deno run`. Pure: the same spec gives the same flags. */

/** What decides an agent's sandbox. */
export interface SandboxSpec {
  /** The only address on the net, where the agent may connect to the broker itself. */
  readonly broker: { readonly host: string; readonly port: number };
  /** The only file, with its temporary sibling `{stateFile}.tmp`. Absolute. */
  readonly stateFile: string;
  /** The harness' main module. Absolute. */
  readonly harness: string;
  /** What may be imported: see `importFlags` of the installer. */
  readonly importFlags: readonly string[];
  /** V8's old generation, in MiB. */
  readonly heapMb: number;
}

/**
 * The arguments that start an agent's process.
 *
 * What is not listed is denied: no prompt, no other file or host, no environment, no processes, no system
 * information, no native code. The agent's code is not among the arguments: it comes over the pipe, and is imported
 * from a `blob:` module, because Deno reads static imports of the main module's graph without asking for permission.
 */
export function sandboxFlags(spec: SandboxSpec): string[] {
  const files = `${spec.stateFile},${spec.stateFile}.tmp`;
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-check",
    "--node-modules-dir=none",
    // Reads of the environment give `undefined` instead of an error: many npm packages read it while loading.
    "--ignore-env",
    `--allow-net=${hostAndPort(spec.broker)}`,
    `--allow-read=${files}`,
    `--allow-write=${files}`,
    "--deny-env",
    "--deny-run",
    "--deny-sys",
    "--deny-ffi",
    ...spec.importFlags,
    `--v8-flags=--max-old-space-size=${spec.heapMb}`,
    spec.harness,
  ];
}

function hostAndPort({ host, port }: SandboxSpec["broker"]): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
