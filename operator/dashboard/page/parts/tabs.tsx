/** Tabs: the arrow keys, Home and End move between them. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

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
    const at = tabs.findIndex(({ id }) => id === current);
    const last = tabs.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = tabs[to[event.key as keyof typeof to] ?? -1];
    if (next === undefined || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    onSelect(next.id);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // On a phone, some lie beyond the edge.
    list.current?.querySelector(`#tab-${current}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
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
