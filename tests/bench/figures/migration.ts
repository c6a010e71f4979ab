/** How long an agent does nothing while it moves to another node. */
import type { Bus } from "../../support/bus.ts";
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

/** Says when each call was, by the machine's clock. */
const CODE = `async function process(agent) {
  await agent.publish("bench/calls", { node: agent.node, at: performance.timeOrigin + performance.now() });
}`;

const POLL_SECONDS = 0.01;

export const migration: Figure = {
  name: "migration",
  method:
    `an agent with poll_interval ${POLL_SECONDS} goes back and forth between two nodes of this machine, with a ` +
    "state of 1 KiB; from its last `process()` on the source to its first on the target, by the agents' own clocks",
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const [first] = [await rig.node({ name: "a" }), await rig.node({ name: "b" })];
    await Promise.all([bus.on("nodes/a/heartbeat"), bus.on("nodes/b/heartbeat")]);
    const setup =
      `function setup(agent) { if (agent.node === "a") agent.persist("pad", "x".repeat(1024)); }\n`;
    await first.spawn(bus, { name: "mover", code: setup + CODE, poll_interval: POLL_SECONDS });
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 2 : 100); n++) {
      samples.push(n % 2 === 0 ? await blackout(bus, "a", "b") : await blackout(bus, "b", "a"));
      bus.forget();
    }
    return [result("migration: blackout", "ms", samples, { atMost: 1000 }, "p99")];
  },
};

/** Moves the agent. @returns milliseconds without a call */
async function blackout(bus: Bus, source: string, target: string): Promise<number> {
  const isCall = (node: string) => ({ topic, json }: { topic: string; json: { node?: string } }) =>
    topic === "bench/calls" && json.node === node;
  await bus.find(`call on ${source}`, isCall(source));
  await bus.publish(`nodes/${source}/migrate`, { name: "mover", target_node: target });
  const arrived = await bus.find(`call on ${target}`, isCall(target));
  await bus.on(`nodes/${source}/migrate_result`, ({ json }) => json.success === true);
  const last = Math.max(...bus.messages.filter(isCall(source)).map(({ json }) => json.at));
  return arrived.json.at - last;
}
