/** Makes a result small enough to be read. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/**
 * The value, with its longest lists cut from the front, where the newest are at the end, until its JSON fits.
 * What was cut is said in `truncated`.
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
