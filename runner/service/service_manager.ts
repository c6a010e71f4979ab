/** What a node that runs as a service tells systemd: that it is up, alive, or ending. */
import type { Clock } from "../clock.ts";
import type { NotifySocket } from "./notify_socket.ts";
import { aborted } from "../../protocol/abort.ts";

export interface ServiceManagerParts {
  readonly socket: NotifySocket;
  readonly watchdogMs: number | undefined;
  /** Whether the service ends with this process. */
  readonly endsWithProcess: boolean;
  readonly clock: Clock;
}

/** Invariant: keep-alives are sent from the event loop that does the node's work, so they stop when it hangs. */
export class ServiceManager {
  constructor(private readonly parts: ServiceManagerParts) {}

  /** Reports that the node is up, then sends keep-alives until `ending` is aborted, then reports that it is ending. */
  async accompany(status: string, ending: AbortSignal): Promise<void> {
    const { socket, watchdogMs, endsWithProcess, clock } = this.parts;
    await socket.send("READY=1", `STATUS=${status}`);
    if (watchdogMs === undefined) await aborted(ending);
    // Half the time, as sd_watchdog_enabled(3) recommends: a late keep-alive then does no harm.
    else while (await clock.sleep(watchdogMs / 2, ending)) await socket.send("WATCHDOG=1");
    // From here on, systemd only waits for the end, no longer than TimeoutStopSec.
    if (endsWithProcess) await socket.send("STOPPING=1", "STATUS=Stopping all agents");
  }
}
