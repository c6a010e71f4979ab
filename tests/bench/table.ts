/** Text in columns. Pure. */

/** Lays out `rows` under `header`: the first two columns to the left, figures to the right. Trailing blanks are cut. */
export function layOut(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: readonly string[]) =>
    widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column < 2 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd();
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}
