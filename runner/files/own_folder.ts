/** A folder of this user whose content is trusted, by its resolved path. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isAnothers, othersReach } from "./ownership.ts";

/**
 * Opens the folder at `path`; creates it if it is missing.
 * @returns its path without symbolic links (systemd makes a `CacheDirectory` a link): Deno compares resolved paths, so a
 * permission granted by a link's name would not match
 * @throws ConfigError when others could change its content
 */
export async function ownFolder(path: string, flag: string): Promise<string> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o755 });
    const real = await Deno.realPath(path);
    const info = await Deno.lstat(real);
    const reason = isAnothers(info) ? `it belongs to user ${info.uid}` : await othersReach(path);
    if (reason === undefined) return real;
    throw new ConfigError(
      `The content of ${path} cannot be trusted: ${reason}. Choose a folder that only user ${Deno.uid()} can change, ` +
        `with ${flag}`,
    );
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // It cannot be created: the next write reports why.
    return path;
  }
}
