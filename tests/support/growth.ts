/** Whether work grows faster than what it is given: measured by how it grows, never by how long it takes. */

/** Less cannot be told from chance, in milliseconds. */
const LEAST_MS = 1;
/** Ten times the text: ten times the work where it is linear, a hundred times where it is quadratic. */
const MAX_GROWTH = 50;

/** The shortest of several runs, in milliseconds: what else the machine does only makes a run longer. */
function leastMs(work: () => void, times: number): number {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const startedMs = performance.now();
    work();
    least = Math.min(least, performance.now() - startedMs);
  }
  return least;
}

/** What else the machine does must not look like growth: it is seen so many times in a row, or not at all. */
const SIGHTINGS = 5;

/**
 * @param work with a text of that many characters
 * @param lengths each at least ten times the one before
 */
export function growsTooFast(work: (length: number) => void, lengths: readonly number[]): boolean {
  return lengths.some((length, index) => {
    const run = () => work(length);
    if (leastMs(run, 1) < LEAST_MS || leastMs(run, 4) < LEAST_MS) return false;
    const runShorter = () => work(lengths[index - 1] ?? length / 10);
    const isSeen = () => leastMs(run, 4) > leastMs(runShorter, 20) * MAX_GROWTH;
    return Array.from({ length: SIGHTINGS }).every(isSeen);
  });
}
