/** The subset of `jsr:@std/cli/parse-args` that the project uses: long flags, each declared as a string or a switch. */

/** The options supported here. */
export interface ParseOptions<Text extends string, Switch extends string, List extends string> {
  /** Flags with a value. */
  string?: readonly Text[];
  /** Flags without one. */
  boolean?: readonly Switch[];
  /** Repeatable flags with a value, collected into a list. */
  collect?: readonly List[];
  /** Called for an undeclared flag or a positional argument before `--` (`key` undefined). Return `false` to drop it. */
  unknown?: (argument: string, key?: string, value?: unknown) => unknown;
}

/** Flags by name. If not given, a switch is `false`, a list is empty and a string is absent. */
export type Args<Text extends string, Switch extends string, List extends string> =
  & { [Flag in Exclude<Text, List>]?: string }
  & { [Flag in Text & List]: string[] }
  & { [Flag in Switch]: boolean }
  & { [flag: string]: unknown }
  /** Positional arguments; those that look like numbers are converted. */
  & { _: (string | number)[] };

/**
 * Parses `--flag value`, `--flag=value`, `--switch` and `-xyz`. The last of a repeated flag wins, unless it is
 * collected. A string flag without a value is empty: a value may begin with `-` only after `=`.
 */
export function parseArgs<
  Text extends string = never,
  Switch extends string = never,
  List extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Text, Switch, List> = {},
): Args<Text, Switch, List> {
  const texts = new Set<string>(options.string);
  const switches = new Set<string>(options.boolean);
  const lists = new Set<string>(options.collect);
  const flags: Record<string, unknown> = {};
  const positional: (string | number)[] = [];
  const unknown = options.unknown ?? (() => true);

  const set = (key: string, value: string | boolean, argument: string) => {
    const isDeclared = texts.has(key) || switches.has(key) || lists.has(key);
    if (!isDeclared && unknown(argument, key, value) === false) return;
    if (key === "__proto__" || key === "constructor") return;
    const read = typeof value === "string" && !texts.has(key) ? numberOr(value) : value;
    flags[key] = lists.has(key) ? [...flags[key] as unknown[] ?? [], read] : read;
  };

  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let at = 0; at < end; at++) {
    const argument = args[at] ?? "";
    const next = at + 1 < end ? args[at + 1] ?? "" : "";
    const [, dashes, name = "", inline] = /^(--?)([^-=][^=]*|[^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (dashes === undefined) {
      if (unknown(argument) !== false) positional.push(numberOr(argument));
      continue;
    }
    // One dash: one flag per letter, and the following value belongs to the last.
    const before = dashes === "-" ? [...name].slice(0, -1) : [];
    const key = dashes === "-" ? [...name].at(-1) ?? "" : name;
    for (const letter of before) set(letter, texts.has(letter) ? "" : true, argument);
    if (inline !== undefined) {
      set(key, switches.has(key) ? inline !== "false" : inline, argument);
    } else if (next !== "" && !switches.has(key) && !next.startsWith("-")) {
      at++;
      set(key, next, argument);
    } else if (next === "true" || next === "false") {
      at++;
      set(key, next === "true", argument);
    } else set(key, texts.has(key) ? "" : true, argument);
  }
  for (const key of switches) flags[key] ??= lists.has(key) ? [] : false;
  for (const key of lists) if (texts.has(key)) flags[key] ??= [];
  return Object.assign(flags, { _: [...positional, ...args.slice(end + 1)] }) as Args<Text, Switch, List>;
}

function numberOr(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
