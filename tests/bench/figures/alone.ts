/** How soon agents of one node act on each other while the broker is away. */
import { runAlone, violationsOf } from "../../chaos/alone.ts";
import { USUAL_BROKER } from "../../chaos/broker.ts";
import type { Figure } from "../figure.ts";
import { result } from "../report.ts";

const EVERY_MS = 50;
const SECONDS = 60;
const QUICK_SECONDS = 1;
/** From the edge to the lamp. */
const TARGET = { atMost: 50 } as const;

export const alone: Figure = {
  name: "alone",
  method:
    `a contact publishes an edge every ${EVERY_MS} ms, a rule hears it and switches a lamp, by publishing and by ` +
    "`send_to`; the link of their node is cut. From the call of the contact to the handler of the lamp, on one clock",
  async run(_rig, quick) {
    const found = await runAlone({
      seed: 1,
      seconds: quick ? QUICK_SECONDS : SECONDS,
      everyMs: EVERY_MS,
      broker: USUAL_BROKER,
      hasChaos: false,
      say: () => {},
    });
    const [violation] = violationsOf(found);
    if (violation !== undefined) throw new Error(violation);
    const { published, asked } = found.latenciesMs;
    return [
      result("link cut: contact → rule → lamp by publish", "ms", published, TARGET, "p99"),
      result("link cut: contact → rule → lamp by send_to", "ms", asked, TARGET, "p99"),
    ];
  },
};
