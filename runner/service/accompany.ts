/** Keeps systemd informed of a node from its start to its end. Loaded lazily: only if systemd asks for it. */
import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { Expectations } from "./expectations.ts";
import { openNotifySocket } from "./notify_socket.ts";
import { ServiceManager } from "./service_manager.ts";

/**
 * Reports that the node is up, that it lives, and that it is ending. Resolves when all of it has been sent.
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
    using socket = await openNotifySocket(path, (message) => log.warning(message));
    await new ServiceManager({ socket, watchdogMs, endsWithProcess, clock }).accompany(status, ending);
  } catch (error) {
    log.warning((error as Error).message);
  }
}
