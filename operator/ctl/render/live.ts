/** Lines on a terminal that are drawn anew in their place. */
import { cut } from "./table.ts";
import type { Terminal } from "../terminal.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Invariant: the cursor is seen again when it has been disposed of. */
export class LiveView implements Disposable {
  #drawn = 0;

  constructor(private readonly terminal: Terminal) {
    if (terminal.isTerminal) terminal.write(HIDE_CURSOR);
  }

  get width(): number {
    return this.terminal.columns();
  }

  /** Draws `lines` over those before. What does not fit on the screen is left out, and said. */
  show(lines: readonly string[]): void {
    const room = this.terminal.rows() - 1;
    const shown = lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), cut(`… ${lines.length - room + 1} more`, this.width)];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.terminal.write(`${up}\r${shown.map((line) => `\x1b[K${line}\n`).join("")}\x1b[J`);
    this.#drawn = shown.length;
  }

  [Symbol.dispose](): void {
    if (this.terminal.isTerminal) this.terminal.write(SHOW_CURSOR);
  }
}
