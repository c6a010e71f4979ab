/** Extracts files from an npm package archive (`npm pack`): a gzipped tar archive with everything below `package/`. */

const BLOCK = 512;

/**
 * @param path of the archive
 * @param names of files directly below `package/`
 * @returns those found in the archive
 * @throws Error when it cannot be read, or is not such an archive
 */
export async function readNpmArchive(
  path: string,
  names: readonly string[],
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  using file = await Deno.open(path);
  const tar = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).bytes();
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  for (let at = 0; at + BLOCK <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK);
    const name = textOf(header.subarray(0, 100));
    if (name === "") break;
    const size = parseInt(textOf(header.subarray(124, 136)), 8);
    if (!(size >= 0)) throw new Error(`'${path}' is not an npm package`);
    const [, base = ""] = /^package\/([^/]+)$/.exec(name) ?? [];
    if (names.includes(base)) found.set(base, tar.slice(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return found;
}

/** A field ends at its first zero byte. */
function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim();
}
