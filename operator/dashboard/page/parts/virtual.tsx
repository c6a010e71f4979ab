/** A long list that renders only its visible items. */
import type { ComponentChildren, CSSProperties, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

/** Pixels rendered beyond the visible part. */
const OVERSCAN_PX = 240;
/** A list with `follow` keeps following while scrolled to within this distance of its end, pixels. */
const AT_END_PX = 40;

export function VirtualList<T>(
  { items, heightOf, keyOf, render, label, focused, header, follow = false, role = "rowgroup" }: {
    readonly items: readonly T[];
    /** Pixels. */
    readonly heightOf: (item: T) => number;
    readonly keyOf: (item: T) => string | number;
    readonly render: (item: T, index: number, style: CSSProperties) => ComponentChildren;
    readonly label?: string;
    /** The item to scroll into view. */
    readonly focused?: number;
    /** Stays at the top while the items scroll. */
    readonly header?: ComponentChildren;
    /** Whether the list follows new items while scrolled to its end. */
    readonly follow?: boolean;
    readonly role?: "rowgroup" | "log" | "list";
  },
): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const isAtEnd = useRef(true);
  const tops = useMemo(() => topsOf(items, heightOf), [items, heightOf]);
  const total = tops.at(-1) ?? 0;

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    if (follow && isAtEnd.current && element !== null) element.scrollTop = element.scrollHeight;
  }, [items, follow, height]);

  useEffect(() => {
    const element = box.current;
    const itemTop = tops[focused ?? -1];
    const bottom = tops[(focused ?? -1) + 1];
    if (element === null || itemTop === undefined || bottom === undefined) return;
    const headerPx = total < element.scrollHeight ? element.scrollHeight - total : 0;
    if (itemTop < element.scrollTop) element.scrollTop = itemTop;
    else if (bottom + headerPx > element.scrollTop + element.clientHeight) {
      element.scrollTop = bottom + headerPx - element.clientHeight;
    }
  }, [focused]);

  const onScroll = ({ currentTarget }: { readonly currentTarget: HTMLDivElement }) => {
    const { scrollTop, scrollHeight, clientHeight } = currentTarget;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    setTop(scrollTop);
  };
  const first = indexAt(tops, top - OVERSCAN_PX);
  const last = Math.min(items.length, indexAt(tops, top + height + OVERSCAN_PX) + 1);
  return (
    <div
      class="virtual"
      ref={box}
      onScroll={onScroll}
      role={role === "rowgroup" ? "presentation" : role}
      aria-label={label}
      {...(role === "rowgroup" ? {} : { tabIndex: 0 })}
    >
      {header}
      <div
        class="virtual-space"
        role={role === "rowgroup" ? "rowgroup" : "presentation"}
        style={{ height: `${total}px` }}
      >
        {items.slice(first, last).map((item, offset) => {
          const index = first + offset;
          const style = { height: `${heightOf(item)}px`, transform: `translateY(${tops[index]}px)` };
          return <VirtualItem key={keyOf(item)}>{render(item, index, style)}</VirtualItem>;
        })}
      </div>
    </div>
  );
}

/** The top of each item, and the end of the last one. */
function topsOf<T>(items: readonly T[], heightOf: (item: T) => number): number[] {
  const tops = [0];
  let sum = 0;
  for (const item of items) tops.push(sum += heightOf(item));
  return tops;
}

/** The index of the item at a vertical position: the last item that begins above it. */
function indexAt(tops: readonly number[], px: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((tops[middle] ?? 0) <= px) low = middle;
    else high = middle - 1;
  }
  return low;
}

function VirtualItem({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <>{children}</>;
}
