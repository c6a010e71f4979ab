/** Whether work grows faster than what it is given: measured by how it grows, never by how long it takes. */
import { cpuUsage } from "node:process";

/** Less cannot be told from chance, in microseconds of processor time. */
const LEAST_US = 1000;
/** Ten times the text: ten times the work where it is linear, a hundred times where it is quadratic. */
const MAX_GROWTH = 50;

/**
 * The least of several runs, in microseconds of this process's processor time: the clock would also count the time of
 * whatever else the machine runs. V8's own threads only make a run longer.
 */
function leastUs(work: () => void, times: number): number {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const before = cpuUsage();
    work();
    const { user, system } = cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

/** V8's threads must not look like growth: it is seen so many times in a row, or not at all. */
const SIGHTINGS = 3;

/**
 * @param work with a text of that many characters
 * @param lengths each at least ten times the one before
 */
export function growsTooFast(work: (length: number) => void, lengths: readonly number[]): boolean {
  return lengths.some((length, index) => {
    const run = () => work(length);
    if (leastUs(run, 1) < LEAST_US || leastUs(run, 4) < LEAST_US) return false;
    const runShorter = () => work(lengths[index - 1] ?? length / 10);
    const isSeen = () => leastUs(run, 4) > leastUs(runShorter, 20) * MAX_GROWTH;
    return Array.from({ length: SIGHTINGS }).every(isSeen);
  });
}
