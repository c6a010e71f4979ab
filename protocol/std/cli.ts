/** What the project uses of `jsr:@std/cli/parse-args`, over `node:util`. Swap in `deno.json`. */
import { parseArgs as nodeParseArgs } from "node:util";

/** The part of std's options that is used here. */
export interface ParseOptions {
  readonly string?: readonly string[];
  readonly boolean?: readonly string[];
  /** String flags of which all values count: read as a list. */
  readonly collect?: readonly string[];
  /** Called for each flag that is not declared, and for each positional argument (`key` undefined). */
  readonly unknown?: (argument: string, key?: string) => unknown;
}

/** Flags by name: a string, or `true`; a flag that was not given is absent. `_` holds positional arguments. */
export interface ParsedArgs {
  readonly _: readonly string[];
  readonly [flag: string]: string | boolean | readonly string[] | undefined;
}

/**
 * Parses `--flag value`, `--flag=value` and `--switch`; the last of a repeated flag wins, unless it is collected.
 * A string flag without a value reads as the empty string.
 */
export function parseArgs(args: readonly string[], options: ParseOptions = {}): ParsedArgs {
  const declared: Record<string, { type: "string" | "boolean" }> = {};
  for (const name of options.string ?? []) declared[name] = { type: "string" };
  for (const name of options.boolean ?? []) declared[name] = { type: "boolean" };
  const { tokens } = nodeParseArgs({
    args: [...args],
    options: declared,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const flags: Record<string, string | boolean | string[]> = Object.create(null);
  const positional: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") {
      positional.push(token.value);
      options.unknown?.(token.value);
    } else if (token.kind === "option") {
      const kind = declared[token.name]?.type;
      if (kind === undefined) options.unknown?.(token.rawName, token.name);
      else if (kind === "boolean") flags[token.name] = true;
      else if (options.collect?.includes(token.name)) {
        flags[token.name] = [...flags[token.name] as string[] ?? [], token.value ?? ""];
      } else flags[token.name] = token.value ?? "";
    }
  }
  return Object.assign(flags, { _: positional });
}
