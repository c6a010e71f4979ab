/** Files that people write. */

/**
 * The text of a file, without the byte-order mark that some editors put in front of it.
 * @throws Deno's error
 */
export async function readTextFile(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}
