/** The lines of the self-test's report, and its exit code. */

/** Invariant: each check makes one line, whatever its reason contains. */
export class Verdicts {
  #passed = 0;
  #failed = 0;

  /** @param print writes one line */
  constructor(private readonly print: (line: string) => void) {}

  /** Runs a check: what it throws is the reason of its failure. Resolves with what it found, or `undefined`. */
  async of<T>(name: string, check: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await check();
      this.#passed += 1;
      this.print(`PASS ${name}`);
      return found;
    } catch (error) {
      this.#failed += 1;
      const reason = error instanceof Error ? error.message : String(error);
      // deno-lint-ignore no-control-regex -- a reason may quote what others have said: one line, and nothing that acts on a terminal
      this.print(`FAIL ${name}: ${reason.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")}`);
      return undefined;
    }
  }

  /** Says what is missing here, though agents run without it. */
  note(message: string): void {
    this.print(`NOTE ${message}`);
  }

  /** Prints the closing line. */
  close(): number {
    this.print(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 ? 0 : 1;
  }
}
