/** Tabs: the arrow keys move between them. */
import type { JSX } from "preact";

export interface Tab<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly count?: number;
}

export function Tabs<T extends string>(
  { label, tabs, current, onSelect }: {
    readonly label: string;
    readonly tabs: readonly Tab<T>[];
    readonly current: T;
    readonly onSelect: (tab: T) => void;
  },
): JSX.Element {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
    const at = tabs.findIndex(({ id }) => id === current);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onSelect(next.id);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(({ id, label: word, count }) => (
        <button
          key={id}
          id={`tab-${id}`}
          type="button"
          role="tab"
          aria-selected={id === current}
          aria-controls="tab-panel"
          tabIndex={id === current ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {word}
          {count !== undefined && count > 0 && <span class="badge">{count}</span>}
        </button>
      ))}
    </div>
  );
}
