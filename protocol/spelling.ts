/** Suggests the known word that a misspelt one likely stands for. What may be done with it, the caller decides. Pure. */

/** The nearest of `known` within `allowed` typing errors; `undefined` if there is none. */
export function likelyMeant(
  word: string,
  known: Iterable<string>,
  allowed = word.length < 6 ? 1 : 2,
): string | undefined {
  let best: string | undefined;
  let least = allowed + 1;
  for (const each of known) {
    if (each.length < 4 || Math.abs(each.length - word.length) > allowed) continue;
    const slips = distance(word, each);
    if (slips < least) [best, least] = [each, slips];
  }
  return best;
}

/** Edit distance: letters inserted, deleted, replaced, or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(before, j - 2) + 1);
      }
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
