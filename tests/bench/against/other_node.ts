/** Another implementation of a node, such as the one in Python: whatever speaks docs/protocol.md. */
import type { Rig } from "../rig.ts";
import type { Sample } from "./contest.ts";

/**
 * Milliseconds from the start of its process to its first heartbeat.
 * @param command what starts it; it is given `--broker`, `--port` and `--name`
 */
export async function otherStart(rig: Rig, command: string): Promise<Sample> {
  const [program = "", ...args] = command.split(/\s+/);
  const bus = await rig.bus("nodes/other/heartbeat");
  return async () => {
    const from = bus.mark();
    const startMs = performance.now();
    const child = new Deno.Command(program, {
      args: [...args, "--broker", "127.0.0.1", "--port", String(rig.broker.port), "--name", "other"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const { atMs } = await bus.on("nodes/other/heartbeat", undefined, from);
      return atMs - startMs;
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  };
}
