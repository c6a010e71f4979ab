/** How long an agent waits for the answer of another one on the same node. */
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

const WARM_UP = 500;
const ECHO = `function handle_task(_agent, payload) { return payload; }`;

export const roundTrip: Figure = {
  name: "send_to",
  method:
    "one agent calls `await agent.send_to(…)` of an agent that returns the payload, one call after the " +
    `other, and times each itself; ${WARM_UP} calls before are not counted`,
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const node = await rig.node();
    await bus.on(`nodes/${node.name}/heartbeat`);
    await node.spawn(bus, { name: "echo", code: ECHO });
    await bus.find(
      "manifest of echo",
      ({ topic, json }) => topic.endsWith("/manifest") && json?.name === "echo",
    );
    await node.spawn(bus, { name: "caller", code: callerCode(quick ? 100 : 3000), poll_interval: 3600 });
    const { json: samples } = await bus.on("bench/round_trips");
    return [
      result("send_to round trip on one node, p50", "ms", samples, { atMost: 1.2 }),
      result("send_to round trip on one node, p99", "ms", samples, { atMost: 4 }, "p99"),
    ];
  },
};

function callerCode(calls: number): string {
  return `
async function process(agent) {
  const samples = [];
  for (let n = 0; n < ${WARM_UP + calls}; n++) {
    const startMs = performance.now();
    const reply = await agent.send_to("echo", { n });
    if (reply?.n !== n) throw new Error("wrong reply: " + JSON.stringify(reply));
    if (n >= ${WARM_UP}) samples.push(performance.now() - startMs);
  }
  await agent.publish("bench/round_trips", samples);
}`;
}
