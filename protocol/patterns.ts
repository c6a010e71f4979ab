/** Names and name patterns as operators write them: `*` stands for any characters. */

/** Whether all of `name` matches one of `patterns`. */
export function fitsAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => globMatches(pattern, name));
}

/** Whether all of `name` matches `pattern`. Uses no regular expression, so no pattern can make it slow. */
export function globMatches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
