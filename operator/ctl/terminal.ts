/** Output streams, and what they can display. */
import { printable } from "../../protocol/printable.ts";

export { oneLine, printable, printableJson } from "../../protocol/printable.ts";

/** An output stream of this process or of a test. */
export interface Terminal {
  /** Whether a person reads it: only then use colours and redraw lines. */
  readonly isTerminal: boolean;
  readonly colour: boolean;
  /** Characters per line; Infinity = never cut. */
  readonly columns: () => number;
  readonly rows: () => number;
  write(text: string): void;
}

export const COLOURS = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

/** @param stream stdout or stderr */
export function openTerminal(stream: {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}): Terminal {
  const isTerminal = stream.isTerminal();
  return {
    isTerminal,
    colour: isTerminal && !Deno.noColor,
    columns: () => isTerminal ? sizeOf("columns") : Infinity,
    rows: () => isTerminal ? sizeOf("rows") : Infinity,
    write(text) {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let offset = 0; offset < bytes.length;) offset += stream.writeSync(bytes.subarray(offset));
      } catch (error) {
        // The reader has closed the pipe, as in `… | head`.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        throw error;
      }
    },
  };
}

/** Colours the text if the terminal supports it. */
export function paint({ colour }: Pick<Terminal, "colour">, name: Colour | undefined, text: string): string {
  return colour && name !== undefined ? `\x1b[${COLOURS[name]}m${text}\x1b[0m` : text;
}

/** Neutralizes all control characters in a text except the colour codes that `paint` writes. */
export function coloured(text: string): string {
  return text.split(OWN_COLOURS).map((part, index) => index % 2 === 1 ? part : printable(part)).join("");
}

// deno-lint-ignore no-control-regex -- matches the codes that paint writes
const OWN_COLOURS = /(\x1b\[(?:0|1|3[1236]|90)m)/;

function sizeOf(side: "columns" | "rows"): number {
  try {
    // A terminal that does not know its size reports 0.
    return Deno.consoleSize()[side] || Infinity;
  } catch {
    // None of stdin, stdout and stderr is a terminal.
    return Infinity;
  }
}
