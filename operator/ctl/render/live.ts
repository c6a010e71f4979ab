/** Redraws lines in place on a terminal. */
import { cut } from "./table.ts";
import type { Terminal } from "../terminal.ts";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

/** Invariant: disposal makes the cursor visible again. */
export class LiveView implements Disposable {
  #drawn = 0;

  constructor(private readonly terminal: Terminal) {
    if (terminal.isTerminal) terminal.write(HIDE_CURSOR);
  }

  get width(): number {
    return this.terminal.columns();
  }

  /** Draws `lines` over the previous ones. Lines that do not fit on the screen are replaced by a count. */
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
