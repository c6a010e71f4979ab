/** The head of a column that sorts its table. */
import type { JSX } from "preact";

export interface SortHeadProps {
  readonly label: string;
  readonly class: string;
  /** Whether the table is sorted by this column. */
  readonly isSorted: boolean;
  readonly descending: boolean;
  readonly onSort: () => void;
}

export function SortHead({ label, class: name, isSorted, descending, onSort }: SortHeadProps): JSX.Element {
  const direction = !isSorted ? "none" : descending ? "descending" : "ascending";
  return (
    <span role="columnheader" class={name} aria-sort={direction}>
      <button type="button" class="sort" onClick={onSort}>
        {label}
        <span class="sort-mark" aria-hidden="true">
          {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
        </span>
      </button>
    </span>
  );
}
