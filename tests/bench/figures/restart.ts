/** How late a crashed agent comes back, held against the formula of its delay. */
import { restartDelaySeconds } from "../../../runner/supervisor/policy.ts";
import { type Figure, heartbeat } from "../figure.ts";
import { result } from "../report.ts";

const RESTART_DELAY_SECONDS = 0.1;
const RESTARTS = 5;
const CODE = `function process() { Deno.exit(1); }`;

export const restart: Figure = {
  name: "restart",
  method:
    "an agent that ends its own process at once; from the arrival of the `restarting` heartbeat to that of " +
    "the next `running` one, less min(restart_delay * 2 ** (restart_count - 1), 60) s: the new process' start is " +
    `part of it. Delays of ${RESTART_DELAY_SECONDS} to ${
      restartDelaySeconds(RESTART_DELAY_SECONDS, RESTARTS)
    } s`,
  async run(rig, quick) {
    const bus = await rig.bus("#");
    const node = await rig.node();
    await bus.on(`nodes/${node.name}/heartbeat`);
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 1 : 6); n++) {
      const name = `crasher-${n}`;
      await node.spawn(bus, {
        name,
        code: CODE,
        restart_delay: RESTART_DELAY_SECONDS,
        max_restarts: RESTARTS,
      });
      let from = 0;
      for (let count = 1; count <= RESTARTS; count++) {
        const restarting = await heartbeat(bus, name, "restarting", from);
        from = bus.messages.indexOf(restarting) + 1;
        const running = await heartbeat(bus, name, "running", from);
        samples.push(
          running.atMs - restarting.atMs - restartDelaySeconds(RESTART_DELAY_SECONDS, count) * 1000,
        );
      }
      await heartbeat(bus, name, "failed", from);
    }
    return [result("restart, later than its delay", "ms", samples, { atMost: 60 })];
  },
};
