/** Errors of agent code as the operator reads them: the agent's own file name and lines, nothing of the harness. */

/** Longest text of an error or a traceback that is sent up. */
const MAX_TEXT_CHARS = 4000;
/** How V8 says that a module without a folder has imported `./x.ts`. */
const RELATIVE_IMPORT = /(?:invalid URL: )?relative URL with a cannot-be-a-base base/g;
const ONE_FILE =
  "an agent is one file, and cannot import another by its path ('./…', '../…'): put both into one " +
  "(deno bundle), or install a package";
const NOT_SHOWN = "a value that cannot be shown";

/** What went wrong, and where in the agent's code. */
export interface Description {
  readonly error: string;
  readonly traceback: string;
}

/** Describes whatever agent code has thrown. */
export class ErrorDescriber {
  /**
   * @param moduleUrl where the agent's code was loaded from
   * @param fileName what to call it
   * @param harnessUrl folder of the harness: its frames are left out
   */
  constructor(
    private readonly moduleUrl: string,
    private readonly fileName: string,
    private readonly harnessUrl: string,
  ) {}

  /** Never throws: not even for an object whose properties do. */
  describe(thrown: unknown): Description {
    try {
      return this.#describe(thrown);
    } catch {
      // It refuses to be read; that must not hide that it was thrown.
      return { error: NOT_SHOWN, traceback: NOT_SHOWN };
    }
  }

  /** Text that may hold stacks, as `console.error(error)` shows them: the agent's own lines alone. */
  localise(text: string): string {
    if (!text.includes(this.moduleUrl) && !text.includes(this.harnessUrl)) return text;
    const lines = text.split("\n").filter((line) => !this.#isForeignFrame(line));
    return lines.join("\n").replaceAll(this.moduleUrl, this.fileName);
  }

  #describe(thrown: unknown): Description {
    if (!(thrown instanceof Error)) {
      const text = typeof thrown === "string" ? thrown : Deno.inspect(thrown, { depth: 2 });
      const error = this.#rename(text);
      return { error, traceback: error };
    }
    return {
      error: this.#rename(String(thrown.message) || String(thrown.name)),
      traceback: this.#rename(this.#stackOf(thrown)),
    };
  }

  #stackOf(error: Error): string {
    const stack = typeof error.stack === "string" ? error.stack : String(error);
    const lines = stack.split("\n").filter((line) => !this.#isForeignFrame(line));
    const cause = error.cause instanceof Error ? `\nCaused by: ${this.#stackOf(error.cause)}` : "";
    return lines.join("\n") + cause;
  }

  /** Only a line of the stack: the message may say anything. */
  #isForeignFrame(line: string): boolean {
    return /^\s+at /.test(line) && (line.includes(this.harnessUrl) || /[( ]ext:/.test(line));
  }

  #rename(text: string): string {
    return text.replaceAll(this.moduleUrl, this.fileName).replace(RELATIVE_IMPORT, ONE_FILE).slice(
      0,
      MAX_TEXT_CHARS,
    );
  }
}
