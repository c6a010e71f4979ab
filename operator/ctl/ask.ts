/** Asks the operator before what cannot be undone. */
import { ConfigError } from "../../protocol/config/config_error.ts";
import type { Run } from "./cli.ts";
import { isSet } from "./options.ts";

/**
 * Whether the operator agrees: by `--yes`, or by typing it.
 * @param what as in "This stops 3 agents"
 * @param instead what answers without being asked
 * @throws ConfigError where nobody can be asked
 */
export async function agreed(
  run: Run,
  what: string,
  instead = "--yes does it without asking",
): Promise<boolean> {
  if (isSet(run.options, "yes")) return true;
  if (run.json || !Deno.stdin.isTerminal()) {
    throw new ConfigError(`${what}, and nobody is there to be asked: ${instead}`);
  }
  run.stderr.write(`${what}. Type yes to go on: `);
  return await line(run.signal) === "yes";
}

/** One line of the terminal; empty when Ctrl-C comes first. */
async function line(signal: AbortSignal): Promise<string> {
  const interrupted = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined))
  );
  const buffer = new Uint8Array(256);
  const read = await Promise.race([Deno.stdin.read(buffer), interrupted]);
  return new TextDecoder().decode(buffer.subarray(0, read ?? 0)).trim();
}
