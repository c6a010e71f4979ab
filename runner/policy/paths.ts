/** Paths as the operating system sees them: no symbolic links, no `..`. */
import { basename, dirname, join, resolve } from "@std/path";

/** Resolves `path`. A missing path is resolved by its nearest existing folder. */
export async function realPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await Deno.realPath(absolute);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // A dangling link: its target is what would be opened.
    const link = await Deno.readLink(absolute).catch(() => undefined);
    if (link !== undefined) return await realPath(resolve(dirname(absolute), link));
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await realPath(parent), basename(absolute));
  }
}
