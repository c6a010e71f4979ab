/** Compiles the bundled runner into an executable with `deno compile`. */
import { ExpectedError } from "../../protocol/expected_error.ts";
import type { Architecture } from "./platforms.ts";

/** Compilation failed; the message says why, and what to do. */
export class CompileError extends ExpectedError {
  override name = "CompileError";
}

export interface CompileParts {
  readonly architecture: Architecture;
  /** The bundled runner. */
  readonly runner: string;
  readonly output: string;
  /** Deno's base binary for this architecture and version; `undefined`: Deno fetches it. */
  readonly denort: string | undefined;
  /** Additional environment variables for Deno. */
  readonly env?: Readonly<Record<string, string>>;
}

/** For the runner's process only: its agents are separate processes. */
export const V8_FLAGS = "--max-semi-space-size=1";

/** @throws CompileError */
export async function compileRunner(
  { architecture, runner, output, denort, env }: CompileParts,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "--quiet", "--no-config", "--allow-all", "--unstable-net", `--v8-flags=${V8_FLAGS}`],
      ...[`--target=${architecture}-unknown-linux-gnu`, `--output=${output}`, runner],
    ],
    env: { ...env, NO_COLOR: "1", ...(denort === undefined ? {} : { DENORT_BIN: denort }) },
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new CompileError(explain(new TextDecoder().decode(stderr), architecture, denort));
}

function explain(stderr: string, architecture: Architecture, denort: string | undefined): string {
  const said = stderr.trim();
  if (denort !== undefined || !/base binary|denort|dl\.deno\.land/.test(said)) {
    return `Cannot compile the runner: ${said}`;
  }
  return `Cannot compile the runner for ${architecture}: Deno's base binary (denort) cannot be fetched from ` +
    "dl.deno.land. Connect this machine to it, or download denort-" +
    `${architecture}-unknown-linux-gnu.zip of Deno ${Deno.version.deno} elsewhere, unpack it, and name it in ` +
    "$DENORT_BIN. (The bundle of 'deno task bundle' needs none.)";
}
