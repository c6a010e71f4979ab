/** Settings inherited from the parent process that must not be trusted blindly: signals, and the mode of new files. */

/** From now on, other users cannot change files created by this process or its children. */
export function keepOthersOut(): void {
  Deno.umask(Deno.umask() | 0o022);
}

const SIGHUP_BIT = 1n;
/** Read at program start: Deno takes over all signals with the first listener for any signal. */
const OUTLIVES_TERMINAL = ignoresHangup();

/**
 * The signals that end a program cleanly. A program started with `nohup` should outlive the terminal: SIGHUP is then not
 * among them, and is ignored from now on.
 */
export function endSignals(): Deno.Signal[] {
  if (!OUTLIVES_TERMINAL) return ["SIGINT", "SIGTERM", "SIGHUP"];
  // Deno would still end on SIGHUP unless there is a listener.
  Deno.addSignalListener("SIGHUP", () => {});
  return ["SIGINT", "SIGTERM"];
}

/** Aborted by the first signal that ends a program. @param onLater called for each later one */
export function interruption(onLater: () => void = () => {}): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of endSignals()) {
    Deno.addSignalListener(signal, () => {
      if (interrupted.signal.aborted) onLater();
      interrupted.abort("interrupted");
    });
  }
  return interrupted.signal;
}

function ignoresHangup(): boolean {
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return (BigInt(`0x${ignored ?? "0"}`) & SIGHUP_BIT) !== 0n;
  } catch {
    // Not Linux: it cannot be determined.
    return false;
  }
}
