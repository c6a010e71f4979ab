/** The help text of a program, written from its table of flags. Pure. */
import type { Flag } from "./flag.ts";

/** One column of flags and one of words, with two lines of usage above and the exit codes below. */
export function helpText(
  { does, usage, flags, exitCodes }: {
    /** What the program does, in a sentence. */
    readonly does: string;
    readonly usage: string;
    readonly flags: readonly Flag[];
    readonly exitCodes: string;
  },
): string {
  const rows = flags.map((flag): [string, string] => [
    `--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    explain(flag),
  ]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    does,
    "",
    `Usage: ${usage}`,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    `Exit code: ${exitCodes}`,
  ].join("\n");
}

/** What a flag is for, with its default. */
export function explain({ help, env = [], fallback, fallbackText = fallback }: Flag): string {
  const defaults = [...env.map((name) => `$${name}`), ...(fallbackText === undefined ? [] : [fallbackText])];
  return defaults.length === 0 ? help : `${help} (default: ${defaults.join(", else ")})`;
}
