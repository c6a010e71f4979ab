/** Reads files written by people. */
import { ConfigError } from "./config_error.ts";

/**
 * The text of a file, without the byte order mark that some editors add.
 * @throws Deno's error
 */
export async function readTextFile(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}

/**
 * The same for a file that the operator has named, which must hold text.
 * @param words what to tell the operator, with the reason
 * @throws ConfigError
 */
export async function readGiven(
  path: string,
  words: (reason: string) => string = (reason) => `Cannot read ${path}: ${reason}`,
): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(path));
  } catch (error) {
    throw new ConfigError(words(reasonOf(error)));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof TypeError) return "it is not text";
  return error instanceof Error ? error.message : String(error);
}
