/** Parses a command line according to a table of flags. Pure. */
import { parseArgs } from "@std/cli/parse-args";
import { ConfigError } from "./config_error.ts";
import { type Environment, type Flag, fromEnvironment, type ReadFlag, repetitionError } from "./flag.ts";

export interface CommandLine {
  /** The value of a flag, from the command line, then the environment, then its fallback. */
  readonly read: ReadFlag;
  /** Whether a switch was given. */
  readonly isSet: (flag: Flag) => boolean;
}

/** @throws ConfigError for an unknown flag; `read` throws it for a flag without its value */
export function readCommandLine(
  flags: readonly Flag[],
  args: readonly string[],
  env: Environment,
): CommandLine {
  const unknown = (argument: string | number): never => {
    throw new ConfigError(`unknown argument '${argument}': see --help`);
  };
  const valueless = flags.find(({ name, value }) =>
    value !== undefined && args.some((argument, at) => argument === "" && args[at - 1] === `--${name}`)
  );
  if (valueless !== undefined) throw withoutValue(valueless);
  for (const flag of flags) {
    const times = args.filter((arg) => arg === `--${flag.name}` || arg.startsWith(`--${flag.name}=`)).length;
    const problem = repetitionError(flag, times);
    if (problem !== undefined) throw new ConfigError(problem);
  }
  const given: Readonly<Record<string, unknown>> & { _: (string | number)[] } = parseArgs(args, {
    string: flags.filter((flag) => flag.value !== undefined).map((flag) => flag.name),
    boolean: flags.filter((flag) => flag.value === undefined).map((flag) => flag.name),
    unknown,
  });
  // The arguments after `--`.
  given._.forEach(unknown);
  return {
    read: (flag) => {
      const value = given[flag.name];
      if (value === "" && flag.bare === undefined) throw withoutValue(flag);
      if (value === "") return flag.bare;
      if (typeof value === "string") return value;
      return fromEnvironment(flag, env) ?? flag.fallback;
    },
    isSet: (flag) => given[flag.name] === true,
  };
}

function withoutValue({ name, value }: Flag): ConfigError {
  return new ConfigError(`--${name} needs a value: ${value}`);
}
