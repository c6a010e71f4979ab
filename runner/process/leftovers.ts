/** Records a node's processes on disk: if the kernel does not end them with their runner, the next start does. */
import { join } from "@std/path";
import { parseStat } from "./proc_stats.ts";

/** Identifies a process: its id alone may have been reused. */
interface Note {
  /** Seconds after boot. */
  readonly start: number;
  readonly boot: string;
}

/**
 * Layout: a file `{pid}` for each process, with its start time and that of the machine. Not synced: after a power cut
 * nothing runs. Without `/proc`, or with a full disk, nothing is recorded.
 */
export class Leftovers {
  readonly #boot = readText("/proc/sys/kernel/random/boot_id")?.trim();

  constructor(private readonly dir: string) {}

  /** Ends the agents' processes that an earlier runner of this node has left. @returns how many */
  endAll(): number {
    let ended = 0;
    for (const name of namesIn(this.dir)) {
      const pid = Number(name);
      const note = readText(join(this.dir, name));
      if (Number.isSafeInteger(pid) && pid > 1 && note !== undefined && this.#isThere(pid, note)) {
        if (kill(pid)) ended += 1;
      }
      remove(join(this.dir, name));
    }
    return ended;
  }

  /** A process has been started. */
  add(pid: number): void {
    const note = this.#noteOf(pid);
    if (note === undefined) return;
    try {
      Deno.mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      Deno.writeTextFileSync(join(this.dir, String(pid)), note, { mode: 0o600 });
    } catch {
      // The disk is full or read-only; the registry reports that.
    }
  }

  /** It has ended. */
  remove(pid: number): void {
    remove(join(this.dir, String(pid)));
  }

  #isThere(pid: number, note: string): boolean {
    return this.#noteOf(pid) === note;
  }

  #noteOf(pid: number): string | undefined {
    const stat = readText(`/proc/${pid}/stat`);
    if (stat === undefined || this.#boot === undefined) return undefined;
    const note: Note = { start: parseStat(stat).startSeconds, boot: this.#boot };
    return JSON.stringify(note);
  }
}

function namesIn(dir: string): string[] {
  try {
    return Array.from(Deno.readDirSync(dir), ({ name }) => name);
  } catch {
    // Nothing has ever been started here.
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // No such process.
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was not recorded, or the disk is read-only: a record without its process is ignored.
  }
}

function kill(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGKILL");
    return true;
  } catch {
    // It has just ended.
    return false;
  }
}
