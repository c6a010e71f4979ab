/** A folder by its own path. Deno compares resolved paths: what is granted by the name of a link is not found. */

/** Without symbolic links, as systemd makes one of a `CacheDirectory`; one that is not there yet is left as it is. */
export async function realFolder(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    // Not there yet, so no link either; whoever makes it says what is wrong.
    return path;
  }
}
