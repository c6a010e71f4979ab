/** Entry point of the command line: runs one command and exits with its code. */
import { interruption, keepOthersOut } from "../../protocol/config/surroundings.ts";
import "../../protocol/broker/quiet_libraries.ts";
import { CommanderError } from "commander";
import { SECRET_VARIABLES } from "./secret_variables.ts";
import { Cli, type Surroundings } from "./cli.ts";
import { codesOf, wordsOf } from "../../protocol/expected_error.ts";
import { EXIT } from "./exit_code.ts";
import { calledBy, createProgram } from "./program.ts";
import { openTerminal, paint, printable, printableJson } from "./terminal.ts";

/** @returns the exit code */
export async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const cli = new Cli(surroundings);
  try {
    await (await createProgram(cli, calledBy(args))).parseAsync([...args], { from: "user" });
    // An interrupted command has not failed.
    return surroundings.signal.aborted && cli.exitCode !== EXIT.ok ? EXIT.interrupted : cli.exitCode;
  } catch (error) {
    // commander has already printed its message; help and version are not errors.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      if (args.includes("--json")) surroundings.stdout.write(errorJson(error.message, EXIT.usage));
      return EXIT.usage;
    }
    return fail(error, args, surroundings);
  }
}

function fail(error: unknown, args: readonly string[], { stdout, stderr, signal }: Surroundings): number {
  if (signal.aborted) return EXIT.interrupted;
  const message = wordsOf(error);
  const code = codesOf(error).exit;
  if (args.includes("--json")) {
    stdout.write(errorJson(message, code));
  } else stderr.write(`${paint(stderr, "red", "agentflow:")} ${printable(message)}\n`);
  return code;
}

function errorJson(error: string, exit_code: number): string {
  return `${printableJson({ ok: false, error: error.replace(/^error: /, ""), exit_code })}\n`;
}

if (import.meta.main) {
  const env = Deno.env.toObject();
  // Child processes must not inherit secrets.
  for (const name of SECRET_VARIABLES) Deno.env.delete(name);
  const [stdout, stderr] = [openTerminal(Deno.stdout), openTerminal(Deno.stderr)];
  keepOthersOut();
  // The first Ctrl-C ends a command gracefully, the second at once.
  const signal = interruption(() => Deno.exit(EXIT.interrupted));
  Deno.exit(await main(Deno.args, { env, stdout, stderr, signal }));
}
