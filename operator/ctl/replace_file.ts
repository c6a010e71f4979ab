/** Replaces a file that a running program may read at any moment. */
import { ConfigError } from "../../protocol/config/config_error.ts";

/** @throws ConfigError; the old content then stays */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.writeTextFile(temporary, content, { createNew: true, mode });
    await Deno.rename(temporary, path);
  } catch (error) {
    throw new ConfigError(`Cannot write ${path}: ${(error as Error).message}`);
  }
}
