/** How much disk space processes use in unnamed files, measured again only when it may have changed. */

export interface TemporaryFilesParts {
  /** Looks at every open file of a process, which takes long. @returns MiB */
  readonly look: (pid: number) => number;
  /** What a process has written since it began, in MiB; `undefined`: the kernel does not say. */
  readonly written: (pid: number) => number | undefined;
}

/** After the process has written this much, to any file, its files are measured again. */
const LOOK_AFTER_MB = 8;
/** They are also measured again after this many calls: a file can be filled without `write`. */
const LOOK_AFTER_QUESTIONS = 10;
/** More processes than run at a time: those that have ended are forgotten. */
const MAX_KNOWN = 4000;

interface Known {
  readonly usedMb: number;
  readonly writtenMb: number;
  questions: number;
}

export class TemporaryFiles {
  readonly #known = new Map<number, Known>();

  constructor(private readonly parts: TemporaryFilesParts) {}

  /** The disk space they take, in MiB; it may be more by what is written between two looks. */
  usedMb(pid: number): number {
    const { look, written } = this.parts;
    const writtenMb = written(pid);
    const last = this.#known.get(pid);
    if (last !== undefined && writtenMb !== undefined) {
      const grownMb = writtenMb - last.writtenMb;
      // Less than before: another process has this id now.
      if (grownMb >= 0 && grownMb < LOOK_AFTER_MB && ++last.questions < LOOK_AFTER_QUESTIONS) {
        return last.usedMb;
      }
    }
    const usedMb = look(pid);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (writtenMb !== undefined) this.#known.set(pid, { usedMb, writtenMb, questions: 0 });
    return usedMb;
  }
}
