/** Files of the operator that are reread when they change, and whose permissions matter. */

import { readTextFile } from "../../protocol/config/text_file.ts";
import { othersReach } from "./ownership.ts";

/** What other users must not be able to do. */
export type Exposure = "writable" | "readable";

/**
 * Reads a file that is trusted only if others cannot change it (or even read it).
 * @throws Error for the operator
 */
export async function readGuarded(path: string, exposure: Exposure): Promise<string> {
  const { mode, isFile } = await Deno.stat(path);
  if (!isFile) throw new Error("it is not a file");
  const forbidden = exposure === "readable" ? 0o077 : 0o022;
  if (mode !== null && (mode & forbidden) !== 0) {
    const advice = exposure === "readable" ? "600" : "go-w";
    throw new Error(
      `its mode ${(mode & 0o777).toString(8)} makes it ${exposure} for others: chmod ${advice} ${path}`,
    );
  }
  const reason = await othersReach(path);
  if (reason !== undefined) {
    throw new Error(`${reason}: only user ${Deno.uid()} and root may be able to change it`);
  }
  return await readTextFile(path);
}

/** A value read from a file, and reread whenever the file changes. */
export class FileOfRecord<T> {
  #seen = "";
  #value: T;
  #looking: Promise<T> | undefined;

  private constructor(
    private readonly path: string,
    private readonly exposure: Exposure,
    private readonly parse: (text: string) => T,
    /** Called when a changed file cannot be used; the previous value stays. */
    private readonly onProblem: (message: string) => void,
    value: T,
  ) {
    this.#value = value;
  }

  /** @throws Error with the reason and the path when the file cannot be read or used */
  static async open<T>(
    path: string,
    exposure: Exposure,
    parse: (text: string) => T,
    onProblem: (message: string) => void,
  ): Promise<FileOfRecord<T>> {
    try {
      const seen = await fingerprint(path);
      const file = new FileOfRecord(
        path,
        exposure,
        parse,
        onProblem,
        parse(await readGuarded(path, exposure)),
      );
      file.#seen = seen;
      return file;
    } catch (error) {
      throw new Error(`${path} cannot be used: ${(error as Error).message}`);
    }
  }

  /** The value as it was last read. */
  get last(): T {
    return this.#value;
  }

  /** The current value, or the last usable one. Never throws. Concurrent callers share one read. */
  current(): Promise<T> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<T> {
    const now = await fingerprint(this.path);
    if (now === this.#seen) return this.#value;
    this.#seen = now;
    try {
      this.#value = this.parse(await readGuarded(this.path, this.exposure));
    } catch (error) {
      this.onProblem(
        `${this.path} has changed and cannot be used (${
          (error as Error).message
        }): its previous content stays in effect`,
      );
    }
    return this.#value;
  }
}

/** A fingerprint that changes with the file. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { mtime, ctime, size, ino, mode } = await Deno.stat(path);
    return [mtime?.getTime(), ctime?.getTime(), size, ino, mode].join();
  } catch (error) {
    return `unreadable: ${(error as Error).name}`;
  }
}
