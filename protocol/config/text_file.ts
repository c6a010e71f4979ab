/** Files written by people. */

/**
 * The text of a file, without the byte order mark that some editors add.
 * @throws Deno's error
 */
export async function readTextFile(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}
