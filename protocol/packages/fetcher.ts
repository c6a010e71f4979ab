/** One `deno` process that fetches packages: started without a shell, and reliably ended when it is no longer wanted. */
import { delay } from "@std/async/delay";
import { explainFailure, InstallError } from "./install_error.ts";

/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 2000;
const MAX_STDERR_CHARS = 64 * 1024;

/** What to run. */
export interface Fetch {
  readonly deno: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the fetched files go. */
  readonly cwd: string;
  readonly guard?: FetchGuard | undefined;
}

/** Enforces the limits of a process that fetches packages. */
export interface FetchGuard {
  /** The prefix for its command line. @param fetch the fetch to run */
  wrapper(fetch: Pick<Fetch, "cwd" | "env">): Promise<readonly string[]>;
  /**
   * Watches the process, and what it writes into `dir`, until `signal` is aborted.
   * @returns the reason if it exceeds a limit
   */
  watch(pid: number, dir: string, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Runs `fetch` to its end.
 * @throws InstallError when it cannot be started, fails or exceeds a limit; the reason of `signal` when that is aborted, once the process is gone
 */
export async function runFetch(fetch: Fetch, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(fetch, await fetch.guard?.wrapper(fetch) ?? []);
  const ended = new AbortController();
  const onAbort = () => void terminate(child, ended.signal);
  signal.addEventListener("abort", onAbort, { once: true });
  const excess = fetch.guard?.watch(child.pid, fetch.cwd, ended.signal).then((reason) => {
    if (reason !== undefined) kill(child, "SIGKILL");
    return reason;
  });
  try {
    const [status, stderr] = await Promise.all([child.status, readTail(child.stderr)]);
    ended.abort();
    const reason = await excess;
    signal.throwIfAborted();
    if (reason !== undefined) throw new InstallError(reason);
    if (!status.success) throw new InstallError(explainFailure(stderr, status));
  } finally {
    signal.removeEventListener("abort", onAbort);
    ended.abort();
  }
}

function spawn({ deno, args, env, cwd }: Fetch, wrapper: readonly string[]): Deno.ChildProcess {
  const [program = deno, ...all] = [...wrapper, deno, ...args];
  try {
    // Fail with Deno's error for a missing executable: a wrapper would report it differently.
    if (deno.includes("/")) Deno.statSync(deno);
    return new Deno.Command(program, {
      args: all,
      env: { ...env },
      clearEnv: true,
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    throw new InstallError(`cannot start '${deno}': ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Sends SIGTERM, then SIGKILL if the process has not `ended` by then. */
async function terminate(child: Deno.ChildProcess, ended: AbortSignal): Promise<void> {
  kill(child, "SIGTERM");
  try {
    await delay(KILL_AFTER_MS, { signal: ended });
  } catch {
    return; // ended in time
  }
  kill(child, "SIGKILL");
}

function kill(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It ended by itself between the decision and the signal.
  }
}

/** Reads to the end and keeps the last part: the reason is at the end, and a flood must not fill the memory. */
async function readTail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + chunk).slice(-MAX_STDERR_CHARS);
  }
  return tail;
}
