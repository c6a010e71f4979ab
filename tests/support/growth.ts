/** Whether work grows faster than what it is given: measured by how it grows, never by how long it takes. */
import { cpuUsage } from "node:process";

/** Less cannot be told from chance, in microseconds of processor time. */
const LEAST_US = 1000;
/** Ten times the text: ten times the work where it is linear, a hundred times where it is quadratic. */
const MAX_GROWTH = 50;

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * The processor time of this thread, in microseconds. The clock would also count what else the machine runs; the time of
 * this process, what other test files do meanwhile: each has a thread.
 */
function threadUs(): number {
  // The kernel adds up a thread's time when it gives way to another.
  Atomics.wait(NEVER, 0, 0, 0.01);
  try {
    const [nanoseconds = ""] = Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ");
    return Number(nanoseconds) / 1000;
  } catch {
    // Not Linux.
    const { user, system } = cpuUsage();
    return user + system;
  }
}

function leastOf(work: () => void, times: number): number {
  let least = Infinity;
  for (let time = 0; time < times; time++) {
    const before = threadUs();
    work();
    least = Math.min(least, threadUs() - before);
  }
  return least;
}

/** What looking at the time costs by itself. */
const LOOKING_US = leastOf(() => {}, 50);

/** The least of several runs, in microseconds. */
function leastUs(work: () => void, times: number): number {
  return Math.max(leastOf(work, times) - LOOKING_US, 1);
}

/** Chance must not look like growth: it is seen so many times in a row, or not at all. */
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
