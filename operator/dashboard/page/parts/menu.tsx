/** A menu button: opens with Enter or the arrow keys, and returns the focus when it closes. */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApp } from "../state/app.ts";
import { Icon, type IconName } from "./icons.tsx";

export interface MenuItem {
  readonly icon: IconName;
  readonly label: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly run: () => void;
}

/** Where a menu opens: pixels of the window. */
interface Place {
  readonly left: number;
  readonly top: number;
  readonly maxHeight: number;
}

/** Between the menu and its button, and between the menu and the edge of the window, pixels. */
const GAP_PX = 4;
const EDGE_PX = 8;
/** The menu closes when its button is scrolled further than this, pixels. */
const MOVED_PX = 4;

export function Menu(
  { label, items, hint, isCurrent = false, children }: {
    readonly label: string;
    readonly items: readonly MenuItem[];
    /** Renders the button as a navigation item with this text. */
    readonly hint?: string;
    /** Whether one of its items is the current view. */
    readonly isCurrent?: boolean;
    /** Shown after the text. */
    readonly children?: ComponentChildren;
  },
): JSX.Element {
  const app = useApp();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const close = (giveBack: boolean) => {
    setOpen(false);
    if (giveBack) button.current?.focus();
  };

  useLayoutEffect(() => {
    const [opener, menu] = [button.current, list.current];
    if (!isOpen || opener === null || menu === null) return;
    // A popover is in the browser's top layer, so no row can clip it.
    menu.showPopover();
    const before = opener.getBoundingClientRect();
    const place = placeOf(before, menu.offsetWidth, menu.offsetHeight);
    menu.style.left = `${place.left}px`;
    menu.style.top = `${place.top}px`;
    menu.style.maxHeight = `${place.maxHeight}px`;
    choicesOf(menu)[0]?.focus({ preventScroll: true });
    const onPointer = ({ target }: PointerEvent) => {
      if (!(target instanceof Node) || (!menu.contains(target) && !opener.contains(target))) close(false);
    };
    const onScroll = ({ target }: Event) => {
      if (target instanceof Node && menu.contains(target)) return;
      if (Math.abs(opener.getBoundingClientRect().top - before.top) > MOVED_PX) close(false);
    };
    const onResize = () => close(false);
    addEventListener("pointerdown", onPointer);
    addEventListener("scroll", onScroll, true);
    addEventListener("resize", onResize);
    const letGo = app.holdRows();
    return () => {
      removeEventListener("pointerdown", onPointer);
      removeEventListener("scroll", onScroll, true);
      removeEventListener("resize", onResize);
      letGo();
    };
  }, [isOpen]);

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") close(true);
    if (event.key === "Tab") close(false);
    const choices = list.current === null ? [] : choicesOf(list.current);
    const at = choices.findIndex((choice) => choice === document.activeElement);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1 + choices.length,
      Home: 0,
      End: choices.length - 1,
    }[event.key];
    if (to === undefined || choices.length === 0) return;
    event.preventDefault();
    choices[to % choices.length]?.focus();
  };

  return (
    <span class="menu-anchor" onClick={(event) => event.stopPropagation()}>
      <button
        ref={button}
        type="button"
        class={hint === undefined ? "button button-ghost button-icon" : "nav"}
        aria-label={label}
        aria-haspopup="menu"
        aria-current={isCurrent ? "page" : undefined}
        aria-expanded={isOpen}
        onClick={() => isOpen ? close(true) : setOpen(true)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") {
            event.preventDefault();
            setOpen(true);
          }
          // The button keeps the focus if all items are disabled.
          if (event.key === "Escape" && isOpen) close(true);
          if (event.key === "Enter" || event.key === " ") event.stopPropagation();
        }}
      >
        <Icon name="more" />
        {hint !== undefined && <span class="nav-label">{hint}</span>}
        {children}
      </button>
      {isOpen && (
        <div
          ref={list}
          popover="manual"
          class="menu"
          role="menu"
          aria-label={label}
          // Otherwise dragging in the menu would drag the menu's row.
          draggable
          onDragStart={(event) => {
            event.preventDefault();
            event.stopPropagation();
          }}
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

function choicesOf(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[role=menuitem]:not([disabled])")];
}

/** Below the button, aligned with its right edge; above it or shifted inwards if it would leave the window. */
function placeOf(
  button: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
  width: number,
  height: number,
): Place {
  const below = innerHeight - EDGE_PX - button.bottom - GAP_PX;
  const above = button.top - GAP_PX - EDGE_PX;
  const isBelow = height <= below || below >= above;
  const maxHeight = Math.min(height, isBelow ? below : above);
  return {
    left: Math.max(EDGE_PX, Math.min(button.right - width, innerWidth - width - EDGE_PX)),
    top: isBelow ? button.bottom + GAP_PX : button.top - GAP_PX - maxHeight,
    maxHeight,
  };
}
