/** Light or dark: follows the system unless the reader has chosen. */
import { type Signal, signal } from "@preact/signals";

export type Theme = "light" | "dark";
const KEY = "agentflow-theme";

export class ThemeChoice {
  readonly theme: Signal<Theme>;

  constructor() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const ofMachine = (): Theme => dark.matches ? "dark" : "light";
    this.theme = signal(stored() ?? ofMachine());
    dark.addEventListener("change", () => {
      if (stored() === undefined) this.#set(ofMachine());
    });
    this.#set(this.theme.value);
  }

  toggle(): void {
    const theme = this.theme.value === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Without storage, the choice lasts until the page is closed.
    }
    this.#set(theme);
  }

  #set(theme: Theme): void {
    document.documentElement.dataset.theme = theme;
    this.theme.value = theme;
  }
}

function stored(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : undefined;
  } catch {
    return undefined;
  }
}
