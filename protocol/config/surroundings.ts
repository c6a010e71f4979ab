/** What a program takes over from whoever has started it, and must not trust blindly: signals, and the mode of new files. */

/** Nothing that is made from now on, by this process or by those that it starts, can be changed by other users. */
export function keepOthersOut(): void {
  Deno.umask(Deno.umask() | 0o022);
}

const SIGHUP_BIT = 1n;
/** As it was when the program began: with its first listener for any signal, Deno takes them all over. */
const OUTLIVES_TERMINAL = ignoresHangup();

/**
 * The signals that end a program in order. Who has started it with `nohup` wants it to outlive the terminal: then SIGHUP
 * is none of them, and of no account from now on.
 */
export function endSignals(): Deno.Signal[] {
  if (!OUTLIVES_TERMINAL) return ["SIGINT", "SIGTERM", "SIGHUP"];
  // Deno ends by it all the same, unless somebody listens.
  Deno.addSignalListener("SIGHUP", () => {});
  return ["SIGINT", "SIGTERM"];
}

function ignoresHangup(): boolean {
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1];
    return (BigInt(`0x${ignored ?? "0"}`) & SIGHUP_BIT) !== 0n;
  } catch {
    // No Linux: nobody can tell.
    return false;
  }
}
