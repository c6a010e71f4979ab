/** A folder of this user's, whose content is believed, by its own path. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import { isAnothers, othersReach } from "./ownership.ts";

/**
 * The folder at `path`, made where it is not there.
 * @returns its path without symbolic links, as systemd makes one of a `CacheDirectory`: Deno compares resolved paths, and
 * what is granted by the name of a link is not found
 * @throws ConfigError when others could change what is in it
 */
export async function ownFolder(path: string, flag: string): Promise<string> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o755 });
    const real = await Deno.realPath(path);
    const info = await Deno.lstat(real);
    const reason = isAnothers(info) ? `it belongs to user ${info.uid}` : await othersReach(path);
    if (reason === undefined) return real;
    throw new ConfigError(
      `What is in ${path} cannot be trusted: ${reason}. Choose a folder that only user ${Deno.uid()} can change, ` +
        `with ${flag}`,
    );
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // It cannot be made: whoever writes there says what is wrong.
    return path;
  }
}
