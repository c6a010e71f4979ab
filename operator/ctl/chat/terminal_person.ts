/** The operator at the terminal, who sees everything the model says and does, and decides. */
import type { ActionView } from "../../chat/action.ts";
import type { Person } from "../../chat/person.ts";
import type { ToolResult } from "../../tools/tool.ts";
import type { Run } from "../cli.ts";
import { paint, printable } from "../terminal.ts";
import { linesFor } from "./show.ts";

/** Asks one question on the terminal; `undefined` if there is no one to ask. */
export type Ask = ((question: string, signal: AbortSignal) => Promise<string>) | undefined;

export class TerminalPerson implements Person {
  /** @param saysYes `--yes`: agree to everything */
  constructor(private readonly run: Run, private readonly ask: Ask, private readonly saysYes: boolean) {}

  write(text: string): void {
    if (!this.run.json) this.run.stdout.write(printable(text));
  }

  note(line: string): void {
    this.run.note(paint(this.run.stderr, "grey", printable(line)));
  }

  async agrees({ title, lines }: ActionView, signal: AbortSignal): Promise<boolean> {
    const { stderr } = this.run;
    stderr.write(`${paint(stderr, "bold", printable(title))}\n`);
    for (const line of lines) stderr.write(`  ${printable(line)}\n`);
    if (this.saysYes) return true;
    if (this.ask === undefined) {
      stderr.write("There is no one to ask, so it was not done: --yes does it without asking\n");
      return false;
    }
    const answer = await this.ask("Do this? [y/N] ", signal);
    return /^y(es)?$/i.test(answer.trim());
  }

  show(tool: string, result: ToolResult): void {
    if (this.run.json) return;
    const { stdout } = this.run;
    const view = { colour: stdout.colour, width: stdout.columns() };
    for (const line of linesFor(tool, result, view)) this.run.print(line);
  }
}
