/** Who publishes numbered messages to a subscriber in a process of its own, how fast, and at what cost. */
import { type Count, startCounter } from "../counter.ts";
import type { Rig } from "../rig.ts";
import { cpuSecondsOf } from "../usage.ts";
import type { Sample } from "./contest.ts";

/** What a publisher is asked for: `count` messages `{"n": 0, "startMs": …}`, `{"n": 1, …}`, … at QoS 1 on `topic`. */
export interface Order {
  readonly topic: string;
  readonly count: number;
}

/** A publisher. */
export interface Talker {
  /** All its processes. */
  readonly pids: readonly number[];
  readonly ask: (order: Order) => Promise<void>;
}

/** Messages a second. @throws Error when messages are lost, or out of order */
export function rate(rig: Rig, talker: Talker, count: number): Sample {
  return async () => {
    const { startMs, endMs } = await run(rig, talker, count);
    return count / (endMs - startMs) * 1000;
  };
}

/** Microseconds of processor time for each message, all processes of the publisher together. @throws as `rate` */
export function cost(rig: Rig, talker: Talker, count: number): Sample {
  return async () => {
    const before = await cpuSecondsOf(talker.pids);
    await run(rig, talker, count);
    return (await cpuSecondsOf(talker.pids) - before) / count * 1e6;
  };
}

async function run(rig: Rig, talker: Talker, count: number): Promise<Count> {
  const topic = `bench/${crypto.randomUUID()}`;
  await using counter = await startCounter(rig.broker.port, topic, count);
  await talker.ask({ topic, count });
  const result = await counter.result;
  const { lost, disordered } = result;
  if (lost + disordered > 0) throw new Error(`${lost} messages were lost, ${disordered} out of order`);
  return result;
}
