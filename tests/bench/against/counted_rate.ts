/** How fast numbered messages reach a subscriber in a process of its own. */
import { startCounter } from "../counter.ts";
import type { Rig } from "../rig.ts";
import type { Sample } from "./contest.ts";

/** What a publisher is asked for: `count` messages `{"n": 0, "startMs": …}`, `{"n": 1, …}`, … at QoS 1 on `topic`. */
export interface Order {
  readonly topic: string;
  readonly count: number;
}

/** Messages a second. @throws Error when messages are lost, or out of order */
export function countedRate(rig: Rig, count: number, ask: (order: Order) => Promise<void>): Sample {
  return async () => {
    const topic = `bench/${crypto.randomUUID()}`;
    await using counter = await startCounter(rig.broker.port, topic, count);
    await ask({ topic, count });
    const { received, lost, disordered, startMs, endMs } = await counter.result;
    if (lost + disordered > 0) throw new Error(`${lost} messages were lost, ${disordered} out of order`);
    return received / (endMs - startMs) * 1000;
  };
}
