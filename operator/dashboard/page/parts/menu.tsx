/** A menu button: opens with Enter or the arrow keys, and returns the focus when it closes. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons.tsx";

export interface MenuItem {
  readonly icon: IconName;
  readonly label: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly run: () => void;
}

const WIDTH = 190;
const ITEM_HEIGHT = 34;
/** The menu closes when its button is scrolled further than this, pixels. */
const MOVED_PX = 4;

export function Menu(
  { label, items }: { readonly label: string; readonly items: readonly MenuItem[] },
): JSX.Element {
  const [place, setPlace] = useState<{ readonly left: number; readonly top: number } | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const open = () => {
    const box = button.current?.getBoundingClientRect();
    if (box === undefined) return;
    const height = items.length * ITEM_HEIGHT + 10;
    const below = box.bottom + 4;
    setPlace({
      left: Math.max(8, Math.min(box.right - WIDTH, innerWidth - WIDTH - 8)),
      top: below + height > innerHeight ? Math.max(8, box.top - height - 4) : below,
    });
  };
  const close = (giveBack: boolean) => {
    setPlace(null);
    if (giveBack) button.current?.focus();
  };

  useEffect(() => {
    if (place === null) return;
    list.current?.querySelector<HTMLElement>("[role=menuitem]:not([disabled])")?.focus();
    const onPointer = ({ target }: PointerEvent) => {
      if (
        !(target instanceof Node) || (!list.current?.contains(target) && !button.current?.contains(target))
      ) close(false);
    };
    const before = button.current?.getBoundingClientRect();
    const onScroll = () => {
      const after = button.current?.getBoundingClientRect();
      const hasMoved = Math.abs((after?.top ?? 0) - (before?.top ?? 0)) > MOVED_PX;
      if (hasMoved) close(false);
    };
    addEventListener("pointerdown", onPointer);
    addEventListener("scroll", onScroll, true);
    return () => {
      removeEventListener("pointerdown", onPointer);
      removeEventListener("scroll", onScroll, true);
    };
  }, [place]);

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") close(true);
    if (event.key === "Tab") close(false);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const choices = [...list.current?.querySelectorAll<HTMLElement>("[role=menuitem]:not([disabled])") ?? []];
    const at = choices.findIndex((choice) => choice === document.activeElement);
    choices[(at + step + choices.length) % choices.length]?.focus();
  };

  return (
    <span class="menu-anchor" onClick={(event) => event.stopPropagation()}>
      <button
        ref={button}
        type="button"
        class="button button-ghost button-icon"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={place !== null}
        onClick={() => place === null ? open() : close(true)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") {
            event.preventDefault();
            open();
          }
          if (event.key === "Enter" || event.key === " ") event.stopPropagation();
        }}
      >
        <Icon name="more" />
      </button>
      {place !== null && (
        <div
          ref={list}
          class="menu"
          role="menu"
          aria-label={label}
          style={{ left: `${place.left}px`, top: `${place.top}px` }}
          onKeyDown={onKeyDown}
        >
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              class={item.danger === true ? "danger" : ""}
              disabled={item.disabled}
              onClick={() => {
                close(true);
                item.run();
              }}
            >
              <Icon name={item.icon} />
              {item.label}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
