/** Text tables: columns fit their content, rows are cut to the terminal's width. Pure. */
import { type Colour, paint, printable, type Terminal } from "../terminal.ts";

export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
  readonly colour?: (row: T) => Colour | undefined;
  readonly align?: "left" | "right";
}

const GAP = "  ";

/** @returns lines without line feeds, titles first */
export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  view: Pick<Terminal, "colour"> & { readonly width: number },
): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => printable(text(row)).replace(/\s+/g, " ")));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => [...line[index] ?? ""].length))
  );
  const line = (texts: readonly string[], colourOf: (index: number) => Colour | undefined) => {
    let left = view.width;
    return texts.flatMap((cell, index) => {
      const room = left;
      // Omit the gap too: an overlong line would wrap on the screen.
      if (room <= 0) return [];
      const isLast = index === texts.length - 1;
      const padded = pad(cell, isLast ? 0 : widths[index] ?? 0, columns[index]?.align);
      left -= [...padded].length + GAP.length;
      return [paint(view, colourOf(index), cut(padded, room))];
    }).join(GAP).trimEnd();
  };
  return [
    line(columns.map(({ title }) => title), () => "bold"),
    ...cells.map((texts, number) => line(texts, (index) => columns[index]?.colour?.(rows[number] as T))),
  ];
}

function pad(cell: string, width: number, align: "left" | "right" = "left"): string {
  const padding = " ".repeat(Math.max(0, width - [...cell].length));
  return align === "left" ? cell + padding : padding + cell;
}

/** The first `width` characters; `…` marks a cut. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width <= 0 ? "" : `${characters.slice(0, width - 1).join("")}…`;
}
