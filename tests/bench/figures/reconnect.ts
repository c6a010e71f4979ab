/** How soon a node obeys again once its broker is back. */
import { delay } from "@std/async/delay";
import { Mosquitto } from "../../support/brokers.ts";
import { Bus } from "../../support/bus.ts";
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

const ASK_AGAIN_MS = 10;
/** How long the broker is away, in turn: a node that has tried in vain more often waits longer. */
const OUTAGES_MS = [0, 200, 700, 1500, 3000];

export const reconnect: Figure = {
  name: "reconnect",
  method:
    "the broker is killed by SIGKILL, and started again after 0 to 3 s; from its first accepted connection " +
    `(looked for every 10 ms) to the node's first answer to \`list\` (asked every ${ASK_AGAIN_MS} ms)`,
  async run(rig, quick) {
    const { broker } = rig;
    if (!(broker instanceof Mosquitto)) {
      throw new Error("the embedded broker cannot be killed: install mosquitto");
    }
    const node = await rig.node();
    await answer(broker.port, node.name);
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 2 : 25); n++) {
      await broker.kill();
      await delay(OUTAGES_MS[n % OUTAGES_MS.length] ?? 0);
      await broker.restart();
      const acceptedMs = performance.now();
      samples.push(await answer(broker.port, node.name) - acceptedMs);
    }
    return [result("reconnect: broker accepts → node answers", "ms", samples, { atMost: 500 })];
  },
};

/** Asks `node` for its agents until it answers. @returns when it did, on this process' clock */
async function answer(port: number, node: string): Promise<number> {
  await using bus = await Bus.connect(port, `nodes/${node}/agents`);
  const asking = setInterval(() => void bus.publish(`nodes/${node}/list`, {}, { qos: 0 }), ASK_AGAIN_MS);
  try {
    return (await bus.on(`nodes/${node}/agents`)).atMs;
  } finally {
    clearInterval(asking);
  }
}
