/** Formats errors of agent code for the operator: the agent's own file name and lines, nothing from the harness. */
import { COMMON_JS } from "./functions.ts";

/** Longest text of an error or a traceback that is sent up. */
const MAX_TEXT_CHARS = 4000;
/** V8's message when a module without a folder imports `./x.ts`. */
const RELATIVE_IMPORT = /(?:invalid URL: )?relative URL with a cannot-be-a-base base/g;
const ONE_FILE =
  "an agent is one file, and cannot import another by its path ('./…', '../…'): put both into one " +
  "(deno bundle), or install a package";
const NOT_SHOWN = "a value that cannot be shown";
/** How many inner errors of one error, and how many nested causes, are shown. */
const MAX_SHOWN = 5;

/** What went wrong, and where in the agent's code. */
export interface Description {
  readonly error: string;
  readonly traceback: string;
}

/** Advice that Deno's own message lacks. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^(?:module|exports|require|__dirname|__filename) is not defined/, COMMON_JS],
  [
    /^Requires ffi access to ".*\.node"|\bprebuilds?\b|\bbindings file\b|native build|\.node'/,
    "it has machine code (a native add-on), which the sandbox lets no agent load: take a package in JavaScript or " +
    "WebAssembly, or let a program beside the node do it, and talk to it by topics",
  ],
];

/** Describes anything agent code threw. */
export class ErrorDescriber {
  /**
   * @param moduleUrl where the agent's code was loaded from
   * @param fileName the file name to show for it
   * @param harnessUrl folder of the harness, whose stack frames are left out
   */
  constructor(
    private readonly moduleUrl: string,
    private readonly fileName: string,
    private readonly harnessUrl: string,
  ) {}

  /** Never throws, even if reading the object's properties throws. */
  describe(thrown: unknown): Description {
    try {
      return this.#describe(thrown);
    } catch {
      // The object cannot be read, but the error must still be reported.
      return { error: NOT_SHOWN, traceback: NOT_SHOWN };
    }
  }

  /** Rewrites text with stack traces, such as the output of `console.error(error)`, to show only the agent's own lines. */
  localise(text: string): string {
    if (!text.includes(this.moduleUrl) && !text.includes(this.harnessUrl)) return text;
    const lines = text.split("\n").filter((line) => !this.#isForeignFrame(line));
    return lines.join("\n").replaceAll(this.moduleUrl, this.fileName);
  }

  #describe(thrown: unknown): Description {
    if (!(thrown instanceof Error)) {
      const error = this.#rename(shown(thrown));
      return { error, traceback: error };
    }
    const hint = HINTS.find(([pattern]) => pattern.test(messageOf(thrown)))?.[1];
    return {
      error: this.#rename(messageOf(thrown) + (hint === undefined ? "" : `: ${hint}`)),
      traceback: this.#rename(this.#stackOf(thrown, [])),
    };
  }

  /** @param above the errors that led here, so that an error that is its own cause is shown once */
  #stackOf(error: Error, above: readonly Error[]): string {
    const stack = typeof error.stack === "string" ? error.stack : String(error);
    const own = stack.split("\n").filter((line) => !this.#isForeignFrame(line)).join("\n");
    const path = [...above, error];
    const parts = [own, ...this.#partsOf(error, path)];
    if (error.cause !== undefined) parts.push(`Caused by: ${this.#inner(error.cause, path)}`);
    return parts.join("\n");
  }

  /** The inner errors of an `AggregateError`. */
  #partsOf(error: Error, path: readonly Error[]): string[] {
    const errors = errorsOf(error);
    const lines = errors.slice(0, MAX_SHOWN).map((each, index) =>
      `Error ${index + 1} of ${errors.length}: ${this.#inner(each, path)}`
    );
    return errors.length > MAX_SHOWN ? [...lines, `… and ${errors.length - MAX_SHOWN} more`] : lines;
  }

  #inner(value: unknown, path: readonly Error[]): string {
    if (!(value instanceof Error)) return shown(value);
    if (path.includes(value)) return `${messageOf(value)} (as above)`;
    return path.length > MAX_SHOWN ? messageOf(value) : this.#stackOf(value, path);
  }

  /** Match only stack lines: the message may contain anything. */
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

/** On one line. An `AggregateError` shows its inner errors, because its own message is often empty. */
function messageOf(error: Error): string {
  const own = String(error.message) || String(error.name);
  const inner = errorsOf(error).slice(0, MAX_SHOWN).map((each) =>
    each instanceof Error ? String(each.message) || String(each.name) : shown(each)
  );
  return inner.length === 0 ? own : `${own}: ${inner.join("; ")}`;
}

function errorsOf(error: Error): readonly unknown[] {
  return error instanceof AggregateError && Array.isArray(error.errors) ? error.errors : [];
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : Deno.inspect(value, { depth: 2 });
}
