/** Reads a file that holds only a secret. */
import { ConfigError } from "./config_error.ts";
import { readTextFile } from "./text_file.ts";

/** @returns the secret without its line ending @throws ConfigError when it cannot be read, is empty, or others may read it */
export async function readSecretFile(flag: string, path: string): Promise<string> {
  const fail = (reason: string) => new ConfigError(`--${flag}: ${reason}`);
  const { mode, uid } = await Deno.stat(path).catch((error) => {
    throw fail(`cannot read '${path}': ${(error as Error).message}`);
  });
  if (uid === Deno.uid() && ((mode ?? 0) & 0o077) !== 0) {
    throw fail(`other users have access to '${path}': chmod 600 ${path}`);
  }
  const secret = (await readTextFile(path)).trim();
  if (secret === "") throw fail(`'${path}' is empty`);
  return secret;
}
