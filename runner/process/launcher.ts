/** Starts an agent's process in its sandbox and watches over it until it has ended. */
import type { AgentFrame, RunnerFrame } from "../../protocol/frames.ts";
import type { Clock } from "../clock.ts";
import { type Amount, Channel, type LineLimit } from "./channel.ts";
import { TokenBucket } from "../../protocol/token_bucket.ts";
import { Pace, type PaceLimits } from "./pace.ts";
import { DEFAULT_LADDER, endGracefully, type LadderTimes } from "./ladder.ts";

/** A command in front of Deno's that changes how the process runs, e.g. `setpriv --pdeathsig KILL`. */
export type Wrapper = readonly string[];

export interface LauncherOptions {
  /** Deno's executable. */
  readonly deno: string;
  readonly clock: Clock;
  readonly ladder?: LadderTimes;
}

/** The limits of a process. */
export interface ProcessLimits {
  readonly wrapper: Wrapper;
  readonly pace: PaceLimits;
}

/** Receives the events of the process. */
export interface ProcessHandlers {
  onFrame(frame: AgentFrame): Promise<void> | void;
  onOutput(stream: "stdout" | "stderr", line: string): Promise<void> | void;
  onOversize(start: string, limit: LineLimit): void;
  /** Removes from a line of stderr what the agent did not print; "" when nothing is left. */
  readonly withoutRecords?: (line: string) => string;
  /** Removes secrets from a printed line. */
  readonly redact?: (line: string) => string;
  /** It exceeds its rate; the message says how. */
  onHeld(message: string): void;
}

/** How a process ended. */
export interface Exit {
  /** In words: "exited with code 1", "was killed by SIGKILL". */
  readonly description: string;
  /** The limit for which it was killed. */
  readonly signal: string | null;
  /** The last lines it wrote to stderr. */
  readonly stderrTail: string;
}

/** An agent's process. */
export interface AgentProcess {
  readonly pid: number;
  /** `false` when the agent has ended, or too much is already queued for it. */
  send(frame: RunnerFrame): boolean;
  /** Ends it: `gracefully` by the ladder, `now` by SIGKILL. May be called more than once; `now` overtakes. */
  end(how: "gracefully" | "now"): void;
  /** Suspends or resumes it. A process that is being ended is no longer suspended. */
  setStopped(stopped: boolean): void;
  /** For how long, in all, its output was not read because it had said too much, in milliseconds. */
  readonly heldBackMs: () => number;
  /** Resolves when the process has ended and everything it said has been handled. */
  readonly exited: Promise<Exit>;
}

/** Limit for Deno's records of file and network access: code that does nothing else would keep the runner busy. */
const MAX_RECORDS_PER_SECOND = 5000;
const STDERR_TAIL_LINES = 10;
const STDERR_TAIL_CHARS = 2000;

export class Launcher {
  constructor(private readonly options: LauncherOptions) {}

  /**
   * Starts a process.
   * @param flags Deno's arguments
   * @param env its whole environment; nothing of this process' own is passed on
   * @throws Error when the executable cannot be started, with the reason
   */
  launch(
    flags: readonly string[],
    env: Readonly<Record<string, string>>,
    handlers: ProcessHandlers,
    limits: ProcessLimits,
  ): AgentProcess {
    const { wrapper } = limits;
    const { deno, clock, ladder = DEFAULT_LADDER } = this.options;
    const [program = deno, ...args] = [...wrapper, deno, ...flags];
    const child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      // In a session of its own: Ctrl-C in the runner's terminal ends the runner, which then ends its agents in order.
      detached: true,
      // `Deno.cwd()` needs no permission, and must not reveal where the runner was started.
      cwd: "/",
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...env },
    }).spawn();
    const tail: string[] = [];
    const gone = new AbortController();
    const pace = new Pace(limits.pace, clock, (message) => handlers.onHeld(message));
    let records = 0;
    const recordPace = new TokenBucket(MAX_RECORDS_PER_SECOND, clock.monotonicMs());
    const brake = async ({ lines, bytes, workMs, fragments }: Amount) => {
      const recordsMs = recordPace.take(records, clock.monotonicMs());
      records = 0;
      const waitMs = Math.max(pace.spend(lines, bytes, workMs, fragments), recordsMs);
      if (waitMs > 0 && !gone.signal.aborted) await clock.sleep(waitMs, gone.signal);
    };
    const channel = new Channel(
      child,
      {
        onFrame: (frame) => handlers.onFrame(frame),
        onOversize: (start, limit) => handlers.onOversize(start, limit),
        onOutput: (stream, printed) => {
          const said = stream === "stderr" ? handlers.withoutRecords?.(printed) ?? printed : printed;
          if (said !== printed) records += 1;
          if (said === "") return;
          const line = handlers.redact?.(said) ?? said;
          if (stream === "stderr") remember(tail, line);
          return handlers.onOutput(stream, line);
        },
      },
      brake,
      () => clock.monotonicMs(),
    );
    const signal = (name: Deno.Signal) => {
      if (!gone.signal.aborted) killIfThere(child, name);
    };
    const exited = child.status.then(async (status) => {
      gone.abort();
      await Promise.all([channel.ended, channel.close()]);
      const stderrTail = tail.join("\n").slice(-STDERR_TAIL_CHARS);
      return { description: describe(status), signal: status.signal, stderrTail };
    });
    let ending = false;
    return {
      pid: child.pid,
      setStopped: (stopped) => {
        if (!ending) signal(stopped ? "SIGSTOP" : "SIGCONT");
      },
      heldBackMs: () => channel.heldBackMs,
      send: (frame) => channel.send(frame),
      exited,
      end: (how) => {
        if (how === "now") return signal("SIGKILL");
        if (ending) return;
        ending = true;
        signal("SIGCONT");
        const shutdown = () => void channel.send({ t: "shutdown" });
        void endGracefully({ shutdown, signal, gone: gone.signal }, ladder, clock);
      },
    };
  }
}

function remember(tail: string[], line: string): void {
  tail.push(line);
  if (tail.length > STDERR_TAIL_LINES) tail.shift();
}

function killIfThere(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It ended between the check and the call.
  }
}

function describe(status: Deno.CommandStatus): string {
  if (status.signal === null) return `exited with code ${status.code}`;
  const limit = (status.signal as string) === "SIGXFSZ"
    ? " (file size limit: it wrote more to a file than it may)"
    : "";
  return `was killed by ${status.signal}${limit}`;
}
