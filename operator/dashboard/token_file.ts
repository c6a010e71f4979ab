/** Reads the token that browsers must present. */
import { readTextFile } from "../../protocol/config/text_file.ts";
import { ConfigError } from "../../protocol/config/config_error.ts";
import { Secret } from "../../protocol/config/secret.ts";

/** Minimum length that cannot be guessed over a network. */
const MIN_CHARS = 16;

/** @throws ConfigError */
export async function readToken(path: string): Promise<Secret> {
  let text: string;
  try {
    const { mode, uid } = await Deno.stat(path);
    if (uid === Deno.uid() && ((mode ?? 0) & 0o077) !== 0) {
      throw new ConfigError(`--token-file: other users have access to '${path}': chmod 600 ${path}`);
    }
    text = (await readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new ConfigError(`--token-file: cannot read '${path}': ${reason}`);
  }
  if (text.length < MIN_CHARS || /\s/.test(text)) {
    throw new ConfigError(`--token-file: '${path}' must hold one token of ${MIN_CHARS} characters or more`);
  }
  return new Secret(text);
}
