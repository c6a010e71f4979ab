import { assert, assertEquals } from "@std/assert";
import { beginThrottle, throttle } from "../../../../runner/process/throttle.ts";

/** A process that uses all it can get of `cores`, looked at every 50 ms: what share of one core it had, in percent. */
function run(percent: number, cores: number, seconds: number, maxStopMs = 5000) {
  let state = beginThrottle({ nowMs: 0, cpuSeconds: 0 });
  let cpuSeconds = 0;
  let longestStopMs = 0;
  for (let nowMs = 50; nowMs <= seconds * 1000; nowMs += 50) {
    if (state.stoppedAtMs === undefined) cpuSeconds += 0.05 * cores;
    else longestStopMs = Math.max(longestStopMs, nowMs - state.stoppedAtMs);
    state = throttle(state, { nowMs, cpuSeconds }, percent, maxStopMs);
  }
  return { share: cpuSeconds / seconds * 100, longestStopMs };
}

Deno.test("a busy process gets its share of the CPU and no more, on one core or several", () => {
  for (const [percent, cores] of [[5, 1], [20, 1], [50, 1], [90, 1], [100, 2], [150, 4]] as const) {
    const { share } = run(percent, cores, 600);
    assert(Math.abs(share - percent) < percent * 0.05 + 0.5, `${percent} % on ${cores} cores: ${share} %`);
  }
});

Deno.test("a process within its share is never stopped", () => {
  assertEquals(run(100, 1, 60).longestStopMs, 0);
  assertEquals(run(200, 1, 60).longestStopMs, 0);
});

Deno.test("no process is stopped longer than it may be, whatever it has used", () => {
  const { longestStopMs } = run(5, 8, 60, 1000);
  assert(longestStopMs <= 1000, `${longestStopMs} ms`);
});

Deno.test("a process that was idle may use a second's share at once, and not more", () => {
  let state = beginThrottle({ nowMs: 0, cpuSeconds: 0 });
  state = throttle(state, { nowMs: 50, cpuSeconds: 1 }, 20, 5000);
  state = throttle(state, { nowMs: 3_600_000, cpuSeconds: 1 }, 20, 5000);
  state = throttle(state, { nowMs: 3_600_050, cpuSeconds: 1.2 }, 20, 5000);
  assertEquals(state.stoppedAtMs, undefined);
  state = throttle(state, { nowMs: 3_600_100, cpuSeconds: 1.25 }, 20, 5000);
  assertEquals(state.stoppedAtMs, 3_600_100);
});
