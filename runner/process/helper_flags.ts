/** Deno's flags for a short-lived process that runs our own code on untrusted files. Pure. */

export interface HelperFiles {
  readonly read: readonly string[];
  readonly write?: readonly string[];
}

/** Everything not listed is denied; nothing is fetched, and no configuration is read. */
export function helperFlags({ read, write = [] }: HelperFiles): string[] {
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-config",
    "--no-check",
    "--no-remote",
    "--no-npm",
    "--no-lock",
    "--ignore-env",
    ...["net", "run", "sys", "ffi"].map((kind) => `--deny-${kind}`),
    `--allow-read=${read.join(",")}`,
    write.length === 0 ? "--deny-write" : `--allow-write=${write.join(",")}`,
  ];
}
