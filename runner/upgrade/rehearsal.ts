/** Rehearses a new runner: it must start and pass its own self-test on this machine before it takes over. */
import { UpgradeError } from "../../protocol/upgrade_package.ts";

/** A slow device takes half a minute for the self-test. */
const TIMEOUT_MS = 120_000;
const MAX_QUOTE_CHARS = 500;

export interface RehearsalParts {
  /** Deno's executable. */
  readonly deno: string;
  readonly stateDir: string;
  readonly workDir: string;
}

/** @throws UpgradeError with its output when it does not pass */
export async function rehearse(bundle: string, { deno, stateDir, workDir }: RehearsalParts): Promise<void> {
  const output = new Deno.Command(deno, {
    args: [
      ...["run", "-A", "--no-config", bundle, "--test"],
      ...["--deno", deno, "--state-dir", stateDir, "--work-dir", workDir],
    ],
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { success, stdout, stderr } = await output.output().catch((error) => {
    throw new UpgradeError(`it cannot be started: ${(error as Error).message}`);
  });
  if (success) return;
  const said = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("FAIL"));
  const words = said.length > 0 ? said.join("; ") : new TextDecoder().decode(stderr).trim();
  throw new UpgradeError(
    `its self-test fails on this machine, so it was not installed: ${words.slice(0, MAX_QUOTE_CHARS)}`,
  );
}
