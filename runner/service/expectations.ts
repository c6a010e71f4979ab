/** What systemd expects of a service, according to the environment. Pure. */

/** How to notify systemd, according to the environment. */
export interface Expectations {
  /** Path of the socket. */
  readonly socket: string;
  /** After this many milliseconds without a keep-alive, systemd considers the service dead; `undefined`: never. */
  readonly watchdogMs: number | undefined;
  /** Whether the service ends with this process: a launcher may start another in its place. */
  readonly endsWithProcess: boolean;
}

/** Variables that are meant for this process only. */
export const SERVICE_VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/**
 * @param pid of this process: the watchdog may be meant for another process
 * @returns `undefined` if systemd does not listen
 */
export function readExpectations(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): Expectations | undefined {
  const { NOTIFY_SOCKET: socket = "", WATCHDOG_USEC = "", WATCHDOG_PID = "" } = env;
  if (!/^[/@]./.test(socket)) return undefined;
  const isForUs = WATCHDOG_PID === "" || Number(WATCHDOG_PID) === pid;
  const watchdogMs = /^[1-9]\d*$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1000 : undefined;
  const endsWithProcess = env.AGENTFLOW_HOME === undefined;
  return { socket, watchdogMs: isForUs ? watchdogMs : undefined, endsWithProcess };
}
