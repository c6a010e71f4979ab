/** What a node that runs as a service tells systemd: that it is up, that it still lives, that it ends. */
import type { Clock } from "../clock.ts";
import type { NotifySocket } from "./notify_socket.ts";

export interface ServiceManagerParts {
  readonly socket: NotifySocket;
  readonly watchdogMs: number | undefined;
  /** Whether the service ends with this process. */
  readonly endsWithProcess: boolean;
  readonly clock: Clock;
}

/** Invariant: a sign of life is given from the event loop that does all the node's work, so it stops when that hangs. */
export class ServiceManager {
  constructor(private readonly parts: ServiceManagerParts) {}

  /** Says that the node is up, and from then on that it lives, until `ending` is aborted; then that it ends. */
  async accompany(status: string, ending: AbortSignal): Promise<void> {
    const { socket, watchdogMs, endsWithProcess, clock } = this.parts;
    await socket.send("READY=1", `STATUS=${status}`);
    if (watchdogMs === undefined) await aborted(ending);
    // Half of it, as sd_watchdog_enabled(3) recommends: one that comes late does no harm.
    else while (await clock.sleep(watchdogMs / 2, ending)) await socket.send("WATCHDOG=1");
    // From here on systemd waits for the end alone, for no longer than TimeoutStopSec.
    if (endsWithProcess) await socket.send("STOPPING=1", "STATUS=Stopping all agents");
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
