/** Keeps systemd informed of a node from its start to its end. Loaded lazily: only if systemd asks for it. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Expectations } from "./expectations.ts";
import { openNotifySocket } from "./notify_socket.ts";
import { ServiceManager } from "./service_manager.ts";

/**
 * Reports that the node is up; further reports continue in the background.
 * @param status what `systemctl status` shows
 * @param ending aborted when the node begins to end
 */
export async function accompany(
  { socket: path, watchdogMs, endsWithProcess }: Expectations,
  status: string,
  ending: AbortSignal,
  clock: Clock,
  log: Logger,
): Promise<void> {
  try {
    const socket = await openNotifySocket(path, (message) => log.warning(message));
    const manager = new ServiceManager({ socket, watchdogMs, endsWithProcess, clock });
    void manager.accompany(status, ending).finally(() => socket[Symbol.dispose]());
  } catch (error) {
    log.warning((error as Error).message);
  }
}
