/** The chat's input line, with a history that survives restarts. */
import { createInterface, type Interface } from "node:readline/promises";
import process from "node:process";
import { dirname, join } from "@std/path";
import type { Environment } from "../../../protocol/config/flag.ts";

const MAX_HISTORY = 1000;

/** Invariant: disposal writes the history to a file that only its owner can read. */
export class Prompt implements AsyncDisposable {
  /** Lines of piped input: `question` would lose lines that arrive before it is called. */
  readonly #piped: AsyncIterator<string> | undefined;

  private constructor(
    private readonly lines: Interface,
    private readonly historyFile: string | undefined,
    private history: readonly string[],
  ) {
    this.#piped = process.stdin.isTTY === true ? undefined : lines[Symbol.asyncIterator]();
    // readline lists the newest first; answers to yes/no questions do not belong in the history.
    (lines as unknown as { on(event: "history", listener: (lines: string[]) => void): void })
      .on("history", (lines) => this.history = lines.filter((line) => !/^(y|yes|n|no)$/i.test(line)));
  }

  static async open(env: Environment): Promise<Prompt> {
    const base = env.XDG_STATE_HOME || (env.HOME ? join(env.HOME, ".local", "state") : undefined);
    const file = base === undefined ? undefined : join(base, "agentflow", "chat_history");
    const history = file === undefined ? [] : await readLines(file);
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: process.stdin.isTTY === true,
      history: [...history],
      historySize: MAX_HISTORY,
      removeHistoryDuplicates: true,
    });
    return new Prompt(lines, file, history);
  }

  /** @returns `undefined` when the input has ended or `signal` is aborted */
  async question(text: string, signal: AbortSignal): Promise<string | undefined> {
    if (this.#piped !== undefined) {
      const { done, value } = await this.#piped.next();
      return done === true ? undefined : value;
    }
    const closed = Promise.withResolvers<undefined>();
    const close = () => closed.resolve(undefined);
    this.lines.once("close", close);
    try {
      return await Promise.race([this.lines.question(text, { signal }), closed.promise]);
    } catch (error) {
      if (signal.aborted || (error as { code?: string }).code === "ERR_USE_AFTER_CLOSE") return undefined;
      throw error;
    } finally {
      this.lines.off("close", close);
    }
  }

  /** Sets the only listener for Ctrl-C, which raises no signal while readline reads the terminal. */
  onInterrupt(listener: () => void): void {
    this.lines.removeAllListeners("SIGINT");
    this.lines.on("SIGINT", listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lines.close();
    if (this.historyFile === undefined) return;
    try {
      await Deno.mkdir(dirname(this.historyFile), { recursive: true });
      await Deno.writeTextFile(this.historyFile, `${this.history.slice(0, MAX_HISTORY).join("\n")}\n`, {
        mode: 0o600,
      });
    } catch {
      // Failing to save the history must not fail the chat.
    }
  }
}

async function readLines(file: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  } catch {
    // There is no history on first use.
    return [];
  }
}
