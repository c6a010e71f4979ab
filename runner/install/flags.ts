/** The flags of an agent's `deno run` that decide what it can import. Pure. */

/** A finished install of one set of dependencies. All paths are absolute. */
export interface Installed {
  readonly importMap: string;
  readonly lock: string;
  /** The environment variables an agent needs to find its imports: `DENO_DIR` and the registries. */
  readonly env: Readonly<Record<string, string>> & { readonly DENO_DIR: string };
  /** `host:port` of the JSR registry, if anything in the set comes from there, even indirectly. */
  readonly jsrHost: string | undefined;
}

/**
 * The flags for imports. Without dependencies, only `node:` and the agent's own module can be imported; with them, also
 * everything in the lock. Nothing is ever fetched.
 *
 * The flags alone leave one loophole: `createRequire` of `node:module` loads any npm package from `$DENO_DIR/npm`
 * whether or not it is in the lock. Hence each set has a DENO_DIR of its own (`Installed.env`), and agents
 * without dependencies need one that no package was ever fetched into.
 */
export function installFlags(installed: Installed | undefined): string[] {
  if (installed === undefined) {
    return ["--cached-only", "--no-remote", "--no-npm", "--no-lock", "--deny-import"];
  }
  const { importMap, lock, jsrHost } = installed;
  return [
    "--cached-only",
    `--import-map=${importMap}`,
    `--lock=${lock}`,
    "--frozen",
    // Deno's default is a list of public hosts. Modules of JSR need the permission even when they are cached.
    jsrHost === undefined ? "--deny-import" : `--allow-import=${jsrHost}`,
  ];
}
