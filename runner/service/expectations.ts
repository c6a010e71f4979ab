/** What systemd expects of a service, as it tells by the environment. Pure. */

/** How systemd wants to hear, as the environment says. */
export interface Expectations {
  /** Path of the socket. */
  readonly socket: string;
  /** Without a sign of life for so long, milliseconds, the service is taken for dead; `undefined`: never. */
  readonly watchdogMs: number | undefined;
  /** Whether the service ends with this process: a launcher may start another in its place. */
  readonly endsWithProcess: boolean;
}

/** Variables that are for this process alone. */
export const SERVICE_VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

/**
 * @param pid of this process: a watchdog may be meant for another
 * @returns `undefined` where nobody listens
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
