/** What processes have used: `/proc`. */

/** Processor time of all threads of a process since it began, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  let nanoseconds = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const [ran = "0"] = (await Deno.readTextFile(`/proc/${pid}/task/${name}/schedstat`)).split(" ");
    nanoseconds += Number(ran);
  }
  return nanoseconds / 1e9;
}

/** Of several processes together. */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(cpuSeconds));
  return each.reduce((a, b) => a + b, 0);
}
