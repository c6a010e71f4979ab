/** Asks the operator to confirm actions that cannot be undone. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Run } from "./cli.ts";
import { isSet } from "./options.ts";

/**
 * Whether the operator agrees, with `--yes` or by typing yes.
 * @param what such as "This stops 3 agents"
 * @param instead how to agree without being asked
 * @throws ConfigError if there is no one to ask
 */
export async function agreed(
  run: Run,
  what: string,
  instead = "--yes does it without asking",
): Promise<boolean> {
  if (isSet(run.options, "yes")) return true;
  if (run.json || !Deno.stdin.isTerminal()) {
    throw new ConfigError(`${what}, and there is no one to ask: ${instead}`);
  }
  run.stderr.write(`${what}. Type yes to continue: `);
  return await line(run.signal) === "yes";
}

/** Reads one line from the terminal; empty if Ctrl-C comes first. */
async function line(signal: AbortSignal): Promise<string> {
  const interrupted = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined))
  );
  const buffer = new Uint8Array(256);
  const read = await Promise.race([Deno.stdin.read(buffer), interrupted]);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0)).trim();
}
