/** How fast one agent's messages reach a subscriber, and whether all of them do, in order. */
import { type Count, startCounter } from "../counter.ts";
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

const WARM_UP_MESSAGES = 10_000;
/** Publishes numbered messages; the first tells when it left. */
export const TALKER = `
async function handle_task(agent, { topic, count }) {
  for (let n = 0; n < count; n++) {
    await agent.publish(topic, n === 0 ? { n, startMs: Date.now() } : { n, value: 21.5, unit: "C" });
  }
}`;

export const throughput: Figure = {
  name: "throughput",
  method:
    "one agent publishes numbered messages at QoS 1, `await agent.publish(…)` in a loop, to a subscriber at " +
    "QoS 1 in a process of its own; from the first publish in the agent to the last arrival at the subscriber. " +
    `${WARM_UP_MESSAGES.toLocaleString("en-US")} messages before are not counted`,
  async run(rig, quick) {
    const bus = await rig.bus("agents/+/heartbeat");
    const node = await rig.node({ name: "bench-node" });
    const nodeBus = await rig.bus("nodes/+/heartbeat");
    await nodeBus.on(`nodes/${node.name}/heartbeat`);
    await node.spawn(bus, { name: "talker", code: TALKER });
    const counts: Count[] = [];
    const messages = quick ? 2000 : 20_000;
    for (let run = 0; run < (quick ? 1 : 7); run++) {
      const topic = `bench/numbers/${run}`;
      const count = run === 0 ? WARM_UP_MESSAGES : messages;
      const counter = await rig.own(() => startCounter(rig.broker.port, topic, count));
      await bus.publish("agents/by-name/talker/task", { payload: { topic, count } });
      const counted = await counter.result;
      if (quick || run > 0) counts.push(counted);
    }
    const sum = (pick: (count: Count) => number) => counts.map(pick).reduce((a, b) => a + b, 0);
    return [
      result(
        `messages of one agent at QoS 1, ${messages.toLocaleString("en-US")} per run`,
        "1/s",
        counts.map(({ received, startMs, endMs }) => received / (endMs - startMs) * 1000),
        { atLeast: 20_000 },
      ),
      result("  of these lost", "messages", [sum(({ lost }) => lost)], { atMost: 0 }),
      result("  out of order", "messages", [sum(({ disordered }) => disordered)], { atMost: 0 }),
      result("  received twice", "messages", [sum(({ repeated }) => repeated)]),
    ];
  },
};
