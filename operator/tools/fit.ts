/** Cuts a result to a size that can be read. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * Shortens the longest lists of the value until its JSON fits. Lists are cut from the front, because the newest entries
 * are at the end. `truncated` says what was cut.
 */
export function fit(value: Fields, maxChars: number): Fields {
  let fitting = value;
  for (let json = JSON.stringify(fitting); json.length > maxChars; json = JSON.stringify(fitting)) {
    const longest = longestList(fitting);
    if (longest === undefined) {
      return { text: json.slice(0, maxChars), truncated: `cut at ${maxChars} characters` };
    }
    const [key, list] = longest;
    const kept = list.slice(Math.ceil(list.length / 2));
    const total = (value[key] as readonly unknown[]).length;
    fitting = { ...fitting, [key]: kept, truncated: `the last ${kept.length} of ${total} ${key}` };
  }
  return fitting;
}

function longestList(value: Fields): readonly [string, readonly unknown[]] | undefined {
  return Object.entries(value)
    .filter((entry): entry is [string, readonly unknown[]] => Array.isArray(entry[1]) && entry[1].length > 0)
    .toSorted(([, a], [, b]) => JSON.stringify(b).length - JSON.stringify(a).length)[0];
}
