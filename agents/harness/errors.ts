/** Errors of agent code as the operator reads them: the agent's own file name and lines, nothing of the harness. */

/** Longest text of an error or a traceback that is sent up. */
const MAX_TEXT_CHARS = 4000;

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

  describe(thrown: unknown): Description {
    if (!(thrown instanceof Error)) {
      const error = this.#rename(printable(thrown));
      return { error, traceback: error };
    }
    return {
      error: this.#rename(String(thrown.message) || String(thrown.name)),
      traceback: this.#rename(this.#stackOf(thrown)),
    };
  }

  #stackOf(error: Error): string {
    const stack = typeof error.stack === "string" ? error.stack : String(error);
    const lines = stack.split("\n").filter((line) =>
      !line.includes(this.harnessUrl) && !line.includes("ext:")
    );
    const cause = error.cause instanceof Error ? `\nCaused by: ${this.#stackOf(error.cause)}` : "";
    return lines.join("\n") + cause;
  }

  #rename(text: string): string {
    return text.replaceAll(this.moduleUrl, this.fileName).slice(0, MAX_TEXT_CHARS);
  }
}

function printable(value: unknown): string {
  try {
    return typeof value === "string" ? value : Deno.inspect(value, { depth: 2 });
  } catch {
    // An object may refuse to be shown; its failure must not hide that something was thrown.
    return "a value that cannot be shown";
  }
}
