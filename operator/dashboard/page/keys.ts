/** The keyboard shortcuts that work in every view. */
import type { App } from "./state/app.ts";
import { VIEW_ROWS } from "./logic/views.ts";
import { href } from "./state/router.ts";

/** How long `g` waits for the second key. */
const CHORD_MS = 1500;

export function listenToKeys(app: App): void {
  let goMs = -Infinity;
  addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const view = VIEW_ROWS.find(([, { key }]) => key === event.key)?.[0];
    if (performance.now() - goMs < CHORD_MS && view !== undefined) {
      goMs = -Infinity;
      event.preventDefault();
      // The focused list uses this key itself.
      event.stopPropagation();
      return app.router.go(href(view));
    }
    switch (event.key) {
      case "g":
        goMs = performance.now();
        return;
      case "/":
        event.preventDefault();
        document.querySelector<HTMLInputElement>(".search-input")?.focus();
        return;
      case "?":
        app.asked.value = { kind: "help" };
        return;
      case "d":
        app.theme.toggle();
        return;
      case "c":
        if (app.mayControl) app.router.go(href("spawn"));
    }
  }, { capture: true });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}
