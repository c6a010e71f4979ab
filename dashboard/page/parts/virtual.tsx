/** A long list of which only what is in sight is in the document. */
import type { ComponentChildren, CSSProperties, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const OVERSCAN = 6;

export function VirtualList<T>(
  { items, rowHeight, keyOf, render, label, focused, follow = false, role = "rowgroup" }: {
    readonly items: readonly T[];
    /** Pixels: all rows have the same. */
    readonly rowHeight: number;
    readonly keyOf: (item: T) => string | number;
    readonly render: (item: T, index: number, style: CSSProperties) => ComponentChildren;
    readonly label?: string;
    /** The row that must be in sight. */
    readonly focused?: number;
    /** Whether the list stays at its end while the reader is there. */
    readonly follow?: boolean;
    readonly role?: "rowgroup" | "log" | "list";
  },
): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const isAtEnd = useRef(true);

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
    if (element === null || focused === undefined || focused < 0) return;
    const rowTop = focused * rowHeight;
    if (rowTop < element.scrollTop) element.scrollTop = rowTop;
    else if (rowTop + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = rowTop + rowHeight - element.clientHeight;
    }
  }, [focused]);

  const onScroll = ({ currentTarget }: { readonly currentTarget: HTMLDivElement }) => {
    const { scrollTop, scrollHeight, clientHeight } = currentTarget;
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < rowHeight * 2;
    setTop(scrollTop);
  };
  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + OVERSCAN);
  return (
    <div
      class="virtual"
      ref={box}
      onScroll={onScroll}
      role={role}
      aria-label={label}
      tabIndex={role === "rowgroup" ? -1 : 0}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, offset) => {
          const index = first + offset;
          const style = { height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` };
          return <VirtualRow key={keyOf(item)}>{render(item, index, style)}</VirtualRow>;
        })}
      </div>
    </div>
  );
}

function VirtualRow({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <>{children}</>;
}
